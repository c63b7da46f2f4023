/** What every route that starts a simulation does: reads what the caller wants, starts it, waits, answers. */
import type { ServerResponse } from 'node:http';
import type { FastifyReply, FastifyRequest, preValidationHookHandler } from 'fastify';
import { IDEMPOTENCY_KEY_HEADER, IDEMPOTENCY_KEY_PATTERN, idempotencyKeyOf } from '#operations/idempotency.ts';
import { originOf } from '#operations/origin.ts';
import { type StartParts, startOnce, TO_THE_END_SECONDS, waitForEnd } from '#operations/start-simulation.ts';
import type { AnyKind } from '#simulation/catalog.ts';
import { ENGINE_REFUSALS } from '#simulation/refusals.ts';
import { Simulation } from '#simulation/simulation.ts';
import type { ProblemCode } from '../problem.ts';
import { sendProblem } from '../send-problem.ts';
import { progressExample, reportExample } from './examples.ts';
import { type Preference, parsePrefer, preferenceApplied } from './prefer.ts';
import { json, problems, shared } from './route.ts';

/** How long to wait for a caller who does not say. */
export const DEFAULT_WAIT_SECONDS = { answerAtOnce: 0, toTheEnd: TO_THE_END_SECONDS };

export async function startSimulation(
  request: FastifyRequest,
  reply: FastifyReply,
  parts: StartParts,
  { kind, defaultWaitSeconds }: { readonly kind: AnyKind; readonly defaultWaitSeconds: number },
): Promise<void> {
  const key = idempotencyKeyOf(request.raw.headersDistinct[IDEMPOTENCY_KEY_HEADER]);
  if (!key.ok) return void sendProblem(reply, key.refusal);
  const origin = originOf(request.id, request.trace);
  const started = startOnce({ kind, body: request.body, origin, key: key.value }, parts);
  if (!started.ok) return void sendProblem(reply, started.refusal);
  const { id, ended } = started.value;
  // Answered once its work is there: before that, its start and its end are not known.
  await started.value.started;

  reply.header('location', `/simulations/${id}`).header('vary', 'prefer');
  const preference = parsePrefer(request.headers['prefer']);
  const seconds = waitSecondsOf(preference, defaultWaitSeconds);
  const report = seconds > 0 ? await waitForEnd(started.value, seconds, leaving(reply.raw), parts) : undefined;
  const applied = preferenceApplied(preference, report !== undefined);
  if (applied !== undefined) reply.header('preference-applied', applied);
  if (report === undefined) return void reply.code(202).send(parts.engine.find(id) ?? (await ended));
  if (report.ended_because !== 'failed') return void reply.code(200).send(report);
  sendProblem(reply, {
    code: 'simulation-failed',
    detail: 'The simulation broke before its time was up. The log says why, under this request id.',
  });
}

/** With both, the caller is willing to wait and takes 202 after that (RFC 7240, section 4.3). */
function waitSecondsOf({ waitSeconds, respondAsync }: Preference, byDefault: number): number {
  return waitSeconds ?? (respondAsync ? DEFAULT_WAIT_SECONDS.answerAtOnce : byDefault);
}

/** Aborts when the caller has left. Not `request.signal`: it aborts as soon as the body has been read, because the request's stream closes then. */
function leaving(answer: ServerResponse): AbortSignal {
  const left = new AbortController();
  if (answer.destroyed) left.abort();
  answer.once('close', () => left.abort());
  return left.signal;
}

/** A POST without any body asks for the defaults; Fastify would validate `undefined`. */
export const emptyBodyIsDefaults: preValidationHookHandler = (request, _reply, done) => {
  if (request.body === undefined) request.body = {};
  done();
};

/** The parts of the OpenAPI document that these routes share. */
export function startSchema(kind: AnyKind) {
  return {
    headers: startHeaders,
    body: { ...kind.request, examples: [kind.example.request] },
    response: {
      200: json('It has ended: the report.', shared(Simulation), reportExample(kind)),
      202: json('It runs; Location says where to look.', shared(Simulation), progressExample(kind)),
      ...problems(
        'bad-request',
        'foreign-origin',
        'malformed-json',
        'body-too-large',
        'unsupported-media-type',
        'invalid-parameter',
        'idempotency-key-reused',
        'simulation-failed',
        ...codesOf(kind),
      ),
    },
  };
}

/** How this kind may refuse, in its own ways and in those of all. */
function codesOf({ refusals }: AnyKind): readonly ProblemCode[] {
  // The keys of a literal; the compiler takes them for any text.
  return Object.keys({ ...ENGINE_REFUSALS, ...refusals }) as ProblemCode[];
}

const startHeaders = {
  type: 'object',
  properties: {
    prefer: {
      type: 'string',
      description: 'RFC 7240: `respond-async` answers 202 at once, `wait=N` waits at most N seconds.',
      examples: ['respond-async'],
    },
    'idempotency-key': {
      type: 'string',
      pattern: IDEMPOTENCY_KEY_PATTERN,
      description:
        'The same key and body are the same simulation, however often they are sent to this replica, which remembers its last 2000 keys; one whose caller left, or that failed, is started anew; another body is refused.',
      examples: ['8e03978e-40d5-43dd-bc93-6894a57f9324'],
    },
  },
} as const;
