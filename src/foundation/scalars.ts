/** The small values and schemas that several rooms share. */
import Type, { type TSchema } from 'typebox';

/** RFC 3339 in UTC with milliseconds, as Date.prototype.toISOString writes it. */
export const timestamp = (description = 'RFC 3339 time in UTC.') =>
  Type.String({ format: 'date-time', description, examples: ['2026-01-31T12:00:00.000Z'] });

/** For a value that may be absent on this machine: it is then `null`, never 0 and never a made-up maximum. */
export function nullable<Schema extends TSchema>(schema: Schema) {
  return Type.Union([schema, Type.Null()]);
}

/** Cuts the digits that no measurement has, so that figures stay readable. */
export function rounded(value: number, digits: number): number {
  const factor = 10 ** digits;
  return Math.round(value * factor) / factor;
}
