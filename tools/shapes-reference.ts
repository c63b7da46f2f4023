/** The page of the shapes and a picture of each, drawn from the functions that the threads follow. */
import { rounded } from '#foundation/scalars.ts';
import { draw } from '#picture/draw.ts';
import type { Picture } from '#picture/picture.ts';
import { partAt } from '#simulation/shape.ts';
import { SHAPES, type Shape } from '#simulation/shape-schema.ts';

/** One of each, over a minute. */
const EXAMPLES: readonly Shape[] = [
  { type: 'constant' },
  { type: 'ramp', from: 0.1, to: 1 },
  { type: 'steps', parts: [0.25, 1, 0.5, 0.75] },
  { type: 'sine', mean: 0.5, amplitude: 0.4, period_seconds: 30 },
  { type: 'spike', base: 0.2, peak: 1, at_seconds: 25, for_seconds: 10 },
];
const SECONDS = 60;

const POINTS = 600;

export function shapePictures(): Record<string, string> {
  return Object.fromEntries(EXAMPLES.map((shape) => [`shape-${shape.type}.svg`, draw(pictureOf(shape))]));
}

export function shapesPage(madeBy: string): string {
  const sections = EXAMPLES.map((shape) => {
    const schema = SHAPES.anyOf.find(({ properties }) => properties.type.const === shape.type);
    const fields = Object.entries(schema?.properties ?? {}).filter(([name]) => name !== 'type');
    const rows = fields.map(([name, field]) => `| \`${name}\` | ${descriptionOf(field)} |`);
    return [
      `## ${shape.type}`,
      descriptionOf(schema),
      ...(rows.length > 0 ? [['| field | meaning |', '| --- | --- |', ...rows].join('\n')] : []),
      `![${shape.type} over a minute](shape-${shape.type}.svg)`,
      `\`"shape": ${JSON.stringify(shape)}\``,
    ].join('\n\n');
  });
  return [
    '# Shapes',
    madeBy,
    'An amount of CPU or memory may follow a shape. Parts are shares of the amount, 0 to 1: the amount is the most that is reached, so that caps and limits hold whatever the shape.\n' +
      'What is due is the area under the curve; the report says how much of it was delivered. Each picture shows its example over 60 seconds.',
    ...sections,
    '',
  ].join('\n\n');
}

/** Of a schema, whose TypeScript type does not tell. */
function descriptionOf(schema: unknown): string {
  return (schema as { description?: string }).description ?? '';
}

function pictureOf(shape: Shape): Picture {
  const points = Array.from({ length: POINTS + 1 }, (_, index) => {
    const seconds = (index / POINTS) * SECONDS;
    return [seconds, rounded(partAt(shape, seconds, SECONDS), 4)] as const;
  });
  return {
    title: `The shape ${shape.type}, over a minute`,
    subtitle: JSON.stringify(shape),
    description: `The share of the amount over ${SECONDS} seconds, for ${JSON.stringify(shape)}.`,
    panels: [
      {
        x: { title: 'time (seconds)', least: 0, most: SECONDS, interval: 10 },
        y: { title: 'share (0 to 1)', least: 0, most: 1, interval: 0.25 },
        lines: [{ name: shape.type, colour: 'blue', isFilled: true, points }],
      },
    ],
  };
}
