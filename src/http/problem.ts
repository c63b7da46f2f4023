/** Every 4xx and 5xx in one form, RFC 9457; the only place that knows which code is which status. */
import Type, { type Static } from 'typebox';
import type { Refusal } from '#foundation/outcome.ts';
import type { SimulationRefusal } from '#simulation/engine.ts';

type HttpCode =
  | 'bad-request'
  | 'malformed-json'
  | 'invalid-parameter'
  | 'invalid-body'
  | 'foreign-origin'
  | 'not-found'
  | 'simulation-not-found'
  | 'method-not-allowed'
  | 'request-timeout'
  | 'body-too-large'
  | 'target-too-long'
  | 'unsupported-media-type'
  | 'header-too-large'
  | 'expectation-failed'
  | 'simulation-failed'
  | 'idempotency-key-reused'
  | 'too-many-pipelined'
  | 'too-many-streams'
  | 'coding-not-supported'
  | 'version-not-supported'
  | 'internal';

export type ProblemCode = HttpCode | SimulationRefusal['code'];

const PROBLEMS = {
  'bad-request': { status: 400, title: 'Bad request' },
  'malformed-json': { status: 400, title: 'The body is not valid JSON' },
  'invalid-parameter': { status: 400, title: 'A parameter is not valid' },
  'foreign-origin': { status: 403, title: 'A page of another site may not do this' },
  'not-found': { status: 404, title: 'No such path' },
  'simulation-not-found': { status: 404, title: 'No such simulation' },
  'method-not-allowed': { status: 405, title: 'Method not allowed' },
  'request-timeout': { status: 408, title: 'The request took too long to arrive' },
  'body-too-large': { status: 413, title: 'The body is too large' },
  'target-too-long': { status: 414, title: 'The path is too long' },
  'unsupported-media-type': { status: 415, title: 'Unsupported content type' },
  'expectation-failed': { status: 417, title: 'The expectation cannot be met' },
  'invalid-body': { status: 422, title: 'The body is not as documented' },
  'idempotency-key-reused': { status: 422, title: 'The Idempotency-Key belongs to another request' },
  'over-cap': { status: 422, title: 'More than this service allows' },
  'over-capacity': { status: 422, title: 'More than there is here' },
  'no-memory-limit': { status: 422, title: 'There is no memory limit to take a share of' },
  'no-cpu-limit': { status: 422, title: 'There is no CPU limit to take a share of' },
  'capacity-exhausted': { status: 429, title: 'No capacity at the moment' },
  'too-many-pipelined': { status: 429, title: 'Too many requests wait on this connection' },
  'header-too-large': { status: 431, title: 'The headers are too large' },
  internal: { status: 500, title: 'Internal error' },
  'simulation-failed': { status: 500, title: 'The simulation failed' },
  'coding-not-supported': { status: 501, title: 'Transfer coding not supported' },
  'limit-unreadable': { status: 503, title: 'A limit of this container cannot be read' },
  'too-many-streams': { status: 503, title: 'Too many clients watch' },
  draining: { status: 503, title: 'This replica is stopping' },
  'version-not-supported': { status: 505, title: 'HTTP version not supported' },
} as const satisfies Record<ProblemCode, { status: number; title: string }>;

const PROBLEM_CODES = Object.keys(PROBLEMS) as ProblemCode[];

export const PROBLEM_CONTENT_TYPE = 'application/problem+json; charset=utf-8';

export const Problem = Type.Object(
  {
    type: Type.String({ description: 'Identifies the kind of problem; `urn:skyops:problem:` and the code.' }),
    title: Type.String({ description: 'The kind of problem, in words.' }),
    status: Type.Integer({ minimum: 400, maximum: 599 }),
    detail: Type.String({ description: 'What is wrong with this request, and what to do.' }),
    code: Type.Enum(PROBLEM_CODES, { description: 'For programs to branch on.' }),
    request_id: Type.String({ description: 'Finds the request in the log.' }),
    errors: Type.Optional(
      Type.Array(
        Type.Object(
          {
            pointer: Type.String({ description: 'JSON pointer (RFC 6901) to the field; empty for the whole body.' }),
            message: Type.String({ description: 'The rule that it breaks.' }),
          },
          { title: 'FieldError' },
        ),
        { description: 'The fields that are wrong, at most 20.' },
      ),
    ),
  },
  { $id: 'Problem', description: 'RFC 9457 problem details.' },
);
export type Problem = Static<typeof Problem>;

/** More than a person reads; it also bounds what a hostile body can make us write. */
const MAX_FIELD_ERRORS = 20;

export function statusOf(code: ProblemCode): number {
  return PROBLEMS[code].status;
}

export function problemOf(refusal: Refusal<ProblemCode>, requestId: string): Problem {
  const { status, title } = PROBLEMS[refusal.code];
  return {
    type: `urn:skyops:problem:${refusal.code}`,
    title,
    status,
    detail: refusal.detail,
    code: refusal.code,
    request_id: requestId,
    ...(refusal.errors === undefined ? {} : { errors: refusal.errors.slice(0, MAX_FIELD_ERRORS) }),
  };
}
