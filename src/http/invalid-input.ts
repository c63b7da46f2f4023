/** Turns what the schema validator found into field errors that name the rule and never repeat the input. */
import type { FastifySchemaValidationError } from 'fastify';
import type { FieldError, Refusal } from '#foundation/outcome.ts';
import type { ProblemCode } from './problem.ts';

/**
 * @param part which part of the request is wrong, in Fastify's word.
 * @param found what Ajv reports.
 * @param known the fields that the schema has, for the hint after a misspelt one.
 */
export function invalidInput(
  part: string | undefined,
  found: readonly FastifySchemaValidationError[],
  known: readonly string[],
): Refusal<ProblemCode> {
  const errors = found.map((error) => fieldError(error, known));
  if (part === 'body') {
    return { code: 'invalid-body', detail: 'The body breaks the rules in errors[]. Nothing was started.', errors };
  }
  return {
    code: 'invalid-parameter',
    detail: `The ${part === 'querystring' ? 'query' : (part ?? 'request')} breaks the rules in errors[].`,
    errors,
  };
}

function fieldError(
  { keyword, instancePath, params, message }: FastifySchemaValidationError,
  known: readonly string[],
): FieldError {
  switch (keyword) {
    case 'additionalProperties':
      // The name of an unknown field is the caller's input, so it is not repeated; the known ones are ours.
      return { pointer: instancePath, message: `has a field that is not known here; known are ${known.join(', ')}` };
    case 'enum':
      return { pointer: instancePath, message: `must be one of ${listed(params['allowedValues'])}` };
    default:
      return { pointer: instancePath, message: message ?? 'is not valid' };
  }
}

function listed(values: unknown): string {
  return Array.isArray(values) ? values.map((value) => JSON.stringify(value)).join(', ') : 'the documented values';
}
