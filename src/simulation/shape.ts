/** How an amount changes over the time of a simulation; pure, and used by both sides of a worker thread. */
import Type, { type Static } from 'typebox';
import type { FieldError } from '#foundation/outcome.ts';

/** Part of the amount, 0 to 1: the amount is the most that a shape reaches, so caps and limits hold whatever the shape. */
const ratio = (description: string) => Type.Number({ minimum: 0, maximum: 1, description });
const seconds = (minimum: number, description: string) => Type.Number({ minimum, maximum: 86_400, description });
const shape = <Properties extends Type.TProperties>(properties: Properties, description: string) =>
  Type.Object(properties, { additionalProperties: false, description });

const shapes = Type.Union([
  shape({ type: Type.Literal('constant') }, 'The whole amount, all the time; the default.'),
  shape(
    { type: Type.Literal('ramp'), from: ratio('Part at the start.'), to: ratio('Part at the end.') },
    'A straight line from the start to the end.',
  ),
  shape(
    {
      type: Type.Literal('steps'),
      parts: Type.Array(ratio('Part during this step.'), { minItems: 1, maxItems: 100 }),
    },
    'One level after the other, each for the same time.',
  ),
  shape(
    {
      type: Type.Literal('sine'),
      mean: ratio('Part in the middle.'),
      amplitude: ratio('How far it swings to each side; mean ± amplitude stays within 0 and 1.'),
      period_seconds: seconds(1, 'Time of one swing up and down; it begins in the middle, upwards.'),
    },
    'A wave.',
  ),
  shape(
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

export type Shape = Static<typeof shapes>;

/** With a discriminator, so that an error names the field of the shape that was meant, not every field of every shape. */
export const Shape = Type.Unsafe<Shape>({
  type: 'object',
  description: 'How the amount changes over time; every part is a share of it, 0 to 1.',
  discriminator: { propertyName: 'type' },
  required: ['type'],
  oneOf: shapes.anyOf,
});

export const CONSTANT: Shape = { type: 'constant' };

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

/** The part of the amount at a moment, 0 to 1. */
export function partAt(given: Shape, atSeconds: number, durationSeconds: number): number {
  const at = Math.min(Math.max(atSeconds, 0), durationSeconds);
  switch (given.type) {
    case 'constant':
      return 1;
    case 'ramp':
      return given.from + (given.to - given.from) * (at / durationSeconds);
    case 'steps': {
      const index = Math.min(Math.floor((at / durationSeconds) * given.parts.length), given.parts.length - 1);
      return given.parts[index] ?? 0;
    }
    case 'sine':
      return given.mean + given.amplitude * Math.sin((2 * Math.PI * at) / given.period_seconds);
    case 'spike':
      return at >= given.at_seconds && at < given.at_seconds + given.for_seconds ? given.peak : given.base;
  }
}

/** What is due until a moment: the integral of the part over the time so far, in seconds of the whole amount. */
export function dueSeconds(given: Shape, untilSeconds: number, durationSeconds: number): number {
  const until = Math.min(Math.max(untilSeconds, 0), durationSeconds);
  switch (given.type) {
    case 'constant':
      return until;
    case 'ramp':
      return given.from * until + ((given.to - given.from) * until * until) / (2 * durationSeconds);
    case 'steps': {
      const stepSeconds = durationSeconds / given.parts.length;
      return given.parts.reduce(
        (sum, part, index) => sum + part * overlap(0, until, index * stepSeconds, stepSeconds),
        0,
      );
    }
    case 'sine': {
      const angular = (2 * Math.PI) / given.period_seconds;
      return given.mean * until + (given.amplitude / angular) * (1 - Math.cos(angular * until));
    }
    case 'spike': {
      const inSpike = overlap(0, until, given.at_seconds, given.for_seconds);
      return given.base * (until - inSpike) + given.peak * inSpike;
    }
  }
}

/** How much of the stretch from `start`, `length` long, lies between `from` and `until`. */
function overlap(from: number, until: number, start: number, length: number): number {
  return Math.max(0, Math.min(until, start + length) - Math.max(from, start));
}
