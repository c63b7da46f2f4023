/** The shapes that a request may ask for, and what the schema alone cannot say of them. */
import Type, { type Static } from 'typebox';
import type { FieldError } from '#foundation/outcome.ts';

/** Part of the amount, 0 to 1: the amount is the most that a shape reaches, so caps and limits hold whatever the shape. */
const ratio = (description: string) => Type.Number({ minimum: 0, maximum: 1, description });
const seconds = (minimum: number, description: string) => Type.Number({ minimum, maximum: 86_400, description });
const shape = <Properties extends Type.TProperties>(title: string, properties: Properties, description: string) =>
  Type.Object(properties, { title, additionalProperties: false, description });

/** Each with what it means; the reference documents them from here. */
export const SHAPES = Type.Union([
  shape('ConstantShape', { type: Type.Literal('constant') }, 'The whole amount, all the time; the default.'),
  shape(
    'RampShape',
    { type: Type.Literal('ramp'), from: ratio('Part at the start.'), to: ratio('Part at the end.') },
    'A straight line from the start to the end.',
  ),
  shape(
    'StepsShape',
    {
      type: Type.Literal('steps'),
      parts: Type.Array(ratio('Part during this step.'), {
        minItems: 1,
        maxItems: 100,
        description: 'Up to 100 levels.',
      }),
    },
    'One level after the other, each for the same time.',
  ),
  shape(
    'SineShape',
    {
      type: Type.Literal('sine'),
      mean: ratio('Part in the middle.'),
      amplitude: ratio('How far it swings to each side; mean ± amplitude stays within 0 and 1.'),
      period_seconds: seconds(1, 'Time of one swing up and down; it begins in the middle, upwards.'),
    },
    'A wave.',
  ),
  shape(
    'SpikeShape',
    {
      type: Type.Literal('spike'),
      base: ratio('Part before and after.'),
      peak: ratio('Part during the spike.'),
      at_seconds: seconds(0, 'When the spike begins.'),
      for_seconds: seconds(0.1, 'How long it lasts; it ends before the simulation does.'),
    },
    'A base level with one spike.',
  ),
]);

export type Shape = Static<typeof SHAPES>;

/** With a discriminator, so that an error names the field of the shape that was meant, not every field of every shape. */
export const Shape = Type.Unsafe<Shape>({
  title: 'Shape',
  type: 'object',
  description: 'How the amount changes over time; every part is a share of it, 0 to 1.',
  discriminator: { propertyName: 'type' },
  required: ['type'],
  oneOf: SHAPES.anyOf,
});

/** Rounding slack of sums such as 0.7 + 0.3. */
const SLACK = 1e-9;

/** What the schema alone cannot say; the fields that are wrong, with the rule. */
export function shapeErrors(given: Shape, durationSeconds: number): FieldError[] {
  if (given.type === 'sine' && (given.mean - given.amplitude < -SLACK || given.mean + given.amplitude > 1 + SLACK)) {
    return [
      { pointer: '/shape/amplitude', message: 'mean − amplitude must be at least 0 and mean + amplitude at most 1' },
    ];
  }
  if (given.type === 'spike' && given.at_seconds + given.for_seconds > durationSeconds + SLACK) {
    return [{ pointer: '/shape/for_seconds', message: 'at_seconds + for_seconds must be at most seconds' }];
  }
  return [];
}
