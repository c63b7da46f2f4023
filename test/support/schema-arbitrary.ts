/** Values for fast-check from JSON schemas: those that a schema allows, and those that it just does not. */
import { randomInt } from 'node:crypto';
import fc from 'fast-check';
import type { Document, Schema } from './openapi.ts';

/** FUZZ_SEED repeats a run; without it each run asks something else. */
export function seed(): number {
  return Number(process.env['FUZZ_SEED'] ?? randomInt(2 ** 31));
}

/** What the schema allows, or nearly so: rules that are not generated (such as a maximum length) are left to the check. */
export function valuesOf(document: Document, schema: Schema): fc.Arbitrary<unknown> {
  const inner = (part: unknown) => valuesOf(document, part as Schema);
  if (typeof schema['$ref'] === 'string') {
    const [, , , name = ''] = schema['$ref'].split('/');
    return inner(document.components.schemas[name]);
  }
  if (Array.isArray(schema['enum'])) return fc.constantFrom(...schema['enum']);
  if ('const' in schema) return fc.constant(schema['const']);
  const choices = schema['anyOf'] ?? schema['oneOf'];
  if (Array.isArray(choices)) return fc.oneof(...choices.map(inner));
  const { minimum, maximum } = schema as { minimum?: number; maximum?: number };
  switch (schema['type']) {
    case 'object': {
      const properties = (schema['properties'] ?? {}) as Record<string, Schema>;
      const required = (schema['required'] ?? []) as string[];
      return fc.record(Object.fromEntries(Object.entries(properties).map(([name, part]) => [name, inner(part)])), {
        requiredKeys: required,
      });
    }
    case 'array':
      return fc.array(inner(schema['items'] ?? {}), {
        minLength: Number(schema['minItems'] ?? 0),
        maxLength: Math.min(Number(schema['maxItems'] ?? 5), 12),
      });
    case 'integer':
      return fc.oneof(
        fc.integer({ min: minimum ?? -5, max: Math.max(minimum ?? 0, Math.min(maximum ?? 1e9, (minimum ?? 0) + 3)) }),
        fc.integer({ min: minimum ?? -(2 ** 31), max: maximum ?? 2 ** 40 }),
      );
    case 'number': {
      const least = minimum ?? 0;
      // Near the minimum more often than not: that is what the limits of a small service allow.
      return fc.oneof(
        fc.constant(least),
        fc.double({ min: least, max: Math.min(maximum ?? Number.POSITIVE_INFINITY, least + 0.1), noNaN: true }),
        fc.double({ min: least, max: maximum ?? 1e12, noNaN: true }),
      );
    }
    case 'string':
      return typeof schema['pattern'] === 'string'
        ? fc.stringMatching(new RegExp(schema['pattern']))
        : fc.string({ maxLength: Math.min(Number(schema['maxLength'] ?? 30), 30) });
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    default:
      return fc.jsonValue({ maxDepth: 2 });
  }
}

const ODD: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -0,
  -1,
  1e308,
  -1e308,
  5e-324,
  2 ** 53,
  '',
  ' ',
  '0',
  'Infinity',
  'NaN',
  '1e999',
  '0x10',
  'null',
  '\u0000',
  '\ud800',
  '𝟙',
  '٣',
  '$'.concat('{jndi:ldap://a}'),
  "' or 1=1 --",
  '<script>',
  '../..',
  '%00',
  [],
  {},
  [[]],
  [null],
  { toString: 1 },
  { constructor: { prototype: {} } },
  'a'.repeat(1000),
];

/** Something that is allowed, in half of all cases with one thing in it that may not be. */
export function anythingFor(document: Document, schema: Schema): fc.Arbitrary<unknown> {
  const allowed = valuesOf(document, schema);
  const odd = fc.oneof(fc.constantFrom(...ODD), fc.jsonValue({ maxDepth: 2 }));
  const changed = fc
    .tuple(allowed, odd, fc.nat(), fc.string({ maxLength: 12 }))
    .map(([value, strange, choice, name]) => {
      if (value === null || typeof value !== 'object' || Array.isArray(value)) return strange;
      const names = Object.keys(value);
      const known = names[choice % Math.max(1, names.length)];
      return { ...value, [choice % 4 === 0 || known === undefined ? name : known]: strange };
    });
  return fc.oneof({ weight: 5, arbitrary: allowed }, { weight: 4, arbitrary: changed }, { weight: 1, arbitrary: odd });
}
