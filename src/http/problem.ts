/** Every 4xx and 5xx in one form, RFC 9457; the only place that knows which status a code has. */
import Type, { type Static } from 'typebox';
import type { Refusal } from '#foundation/outcome.ts';
import { type AnyKind, kinds } from '#simulation/catalog.ts';
import { ENGINE_REFUSALS, type RefusalMeaning, type RefusalMeanings, type RefusalSort } from '#simulation/refusals.ts';

type HttpCode =
  | 'bad-request'
  | 'malformed-json'
  | 'invalid-parameter'
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

type CodesOf<K> = K extends { readonly refusals: infer Meanings } ? keyof Meanings & string : never;

/** Codes of the server itself, of the engine, and of every kind. */
export type ProblemCode = HttpCode | keyof typeof ENGINE_REFUSALS | CodesOf<AnyKind>;

type Meaning = { readonly status: number; readonly title: string };

const OF_HTTP = {
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
  'idempotency-key-reused': { status: 422, title: 'The Idempotency-Key belongs to another request' },
  'too-many-pipelined': { status: 429, title: 'Too many requests wait on this connection' },
  'header-too-large': { status: 431, title: 'The headers are too large' },
  internal: { status: 500, title: 'Internal error' },
  'simulation-failed': { status: 500, title: 'The simulation failed' },
  'coding-not-supported': { status: 501, title: 'Transfer coding not supported' },
  'too-many-streams': { status: 503, title: 'Too many clients watch' },
  'version-not-supported': { status: 505, title: 'HTTP version not supported' },
} as const satisfies Record<HttpCode, Meaning>;

/** 422: the same request will never do (RFC 9110, section 15.5.21). 429 and 503 say when to come back. */
const STATUS_OF: Readonly<Record<RefusalSort, number>> = { wrong: 422, busy: 429, unavailable: 503 };

const meaningOf = ({ sort, title }: RefusalMeaning): Meaning => ({ status: STATUS_OF[sort], title });

/** Those of the engine and of each kind, from where they are declared. */
const ofSimulations = (meanings: RefusalMeanings) =>
  Object.entries(meanings).map(([code, meaning]) => [code, meaningOf(meaning)] as const);

const PROBLEMS = {
  ...OF_HTTP,
  ...Object.fromEntries([ENGINE_REFUSALS, ...kinds.map(({ refusals }) => refusals)].flatMap(ofSimulations)),
  // Its keys are those of the type: both are made of the same declarations.
} as Readonly<Record<ProblemCode, Meaning>>;

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
