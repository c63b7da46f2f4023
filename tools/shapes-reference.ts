/** The page of the shapes and a picture of each, drawn from the functions that the threads follow. */
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

const WIDTH = 640;
const HEIGHT = 180;
const MARGIN = { left: 56, right: 16, top: 12, bottom: 32 };
const POINTS = 600;

export function shapePictures(): Record<string, string> {
  return Object.fromEntries(EXAMPLES.map((shape) => [`shape-${shape.type}.svg`, picture(shape)]));
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

function picture(shape: Shape): string {
  const innerWidth = WIDTH - MARGIN.left - MARGIN.right;
  const innerHeight = HEIGHT - MARGIN.top - MARGIN.bottom;
  const x = (seconds: number) => MARGIN.left + (seconds / SECONDS) * innerWidth;
  const y = (part: number) => MARGIN.top + (1 - part) * innerHeight;
  const points = Array.from({ length: POINTS + 1 }, (_, index) => {
    const seconds = (index / POINTS) * SECONDS;
    return `${x(seconds).toFixed(1)},${y(partAt(shape, seconds, SECONDS)).toFixed(1)}`;
  });
  const levels = [0, 0.5, 1].map(
    (part) =>
      `<line x1="${MARGIN.left}" x2="${WIDTH - MARGIN.right}" y1="${y(part)}" y2="${y(part)}" stroke="#ddd"/><text x="${MARGIN.left - 8}" y="${y(part) + 4}" text-anchor="end">${part}</text>`,
  );
  const times = [0, 15, 30, 45, 60].map(
    (seconds) => `<text x="${x(seconds)}" y="${HEIGHT - 12}" text-anchor="middle">${seconds} s</text>`,
  );
  const area = `${x(0)},${y(0)} ${points.join(' ')} ${x(SECONDS)},${y(0)}`;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12" role="img" aria-label="The shape ${shape.type} over a minute">
<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>
${[...levels, ...times].join('\n')}
<polygon points="${area}" fill="#0b7a75" fill-opacity="0.15"/>
<polyline points="${points.join(' ')}" fill="none" stroke="#0b7a75" stroke-width="2"/>
</svg>
`;
}
