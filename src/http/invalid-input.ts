/** Turns what the schema validator found into field errors that name the rule and never repeat the input. */
import type { FastifySchemaValidationError } from 'fastify';
import type { FieldError, Refusal } from '#foundation/outcome.ts';
import type { ProblemCode } from './problem.ts';

/** Ajv's option `verbose` adds the schema that was broken; the input, which it adds too, is left alone. */
type Found = FastifySchemaValidationError & {
  readonly parentSchema?: { readonly properties?: object; readonly examples?: readonly unknown[] };
};

/** @param part which part of the request is wrong, in Fastify's word. */
export function invalidInput(part: string | undefined, found: readonly Found[]): Refusal<ProblemCode> {
  // A value that may have several forms fails each of them, and then as a whole: that last error says it all.
  const wholes = new Set(found.filter(({ keyword }) => keyword === 'anyOf').map(({ instancePath }) => instancePath));
  const telling = found.filter(({ keyword, instancePath }) => keyword === 'anyOf' || !wholes.has(instancePath));
  // Each of several unknown fields would give the same words.
  const byText = new Map(telling.map(fieldError).map((error) => [JSON.stringify(error), error]));
  const errors = [...byText.values()];
  if (part === 'body') {
    return { code: 'invalid-body', detail: 'The body breaks the rules in errors[]. Nothing was started.', errors };
  }
  const name = part === 'querystring' ? 'query' : (part ?? 'request');
  return { code: 'invalid-parameter', detail: `The ${name} breaks the rules in errors[].`, errors };
}

function fieldError({ keyword, instancePath, params, parentSchema, message }: Found): FieldError {
  switch (keyword) {
    case 'additionalProperties': {
      // The name of an unknown field is the caller's input, so it is not repeated; the known ones are ours.
      const known = Object.keys(parentSchema?.properties ?? {}).join(', ');
      return { pointer: instancePath, message: `has a field that is not known here; known are ${known}` };
    }
    case 'discriminator':
      return { pointer: `${instancePath}/type`, message: 'must be the name of one of the documented forms' };
    case 'anyOf':
      return { pointer: instancePath, message: `must be like ${listed(parentSchema?.examples)}` };
    case 'enum':
      return { pointer: instancePath, message: `must be one of ${listed(params['allowedValues'])}` };
    default:
      return { pointer: instancePath, message: message ?? 'is not valid' };
  }
}

function listed(values: unknown): string {
  return Array.isArray(values) ? values.map((value) => JSON.stringify(value)).join(', ') : 'what is documented';
}
