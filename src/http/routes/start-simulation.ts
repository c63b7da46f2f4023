/** What every route that starts a simulation does: start it, wait for as long as the caller wants, answer. */
import type { FastifyReply, FastifyRequest, preValidationHookHandler } from 'fastify';
import { type Clock, wait } from '#foundation/clock.ts';
import { granted, type Outcome, type Refusal } from '#foundation/outcome.ts';
import {
  fingerprintOf,
  IDEMPOTENCY_KEY_HEADER,
  IDEMPOTENCY_KEY_PATTERN,
  type IdempotencyKeys,
  idempotencyKeyOf,
} from '#operations/idempotency.ts';
import type { kinds } from '#simulation/catalog.ts';
import type { Engine, StartedSimulation } from '#simulation/engine.ts';
import { Simulation } from '#simulation/simulation.ts';
import type { Kind } from '#simulation/simulator.ts';
import type { ProblemCode } from '../problem.ts';
import { sendProblem } from '../send-problem.ts';
import { progressExample, reportExample } from './examples.ts';
import { parsePrefer, preferenceApplied } from './prefer.ts';
import { json, problems, shared } from './route.ts';

export type StartParts = { readonly engine: Engine; readonly clock: Clock; readonly idempotencyKeys: IdempotencyKeys };

/** Longer than any simulation may last: whoever waits by default waits for the end. */
export const WAIT_TO_THE_END_SECONDS = 1_000_000;

/** @param defaultWaitSeconds how long to wait for a caller who does not say; 0 answers at once. */
export async function startSimulation(
  request: FastifyRequest,
  reply: FastifyReply,
  parts: StartParts,
  kind: Kind,
  defaultWaitSeconds: number,
): Promise<void> {
  const preference = parsePrefer(request.headers['prefer']);
  const { engine } = parts;
  const started = startOnce(request, parts, kind);
  if (!started.ok) return void sendProblem(reply, started.refusal);
  const { id, ended, begun } = started.value;
  // Answered once its threads are there: before that, its start and its end are not known.
  await begun;

  reply.header('location', `/simulations/${id}`).header('vary', 'prefer');
  // With both, the caller is willing to wait and takes 202 after that (RFC 7240, section 4.3).
  const waitSeconds = preference.waitSeconds ?? (preference.respondAsync ? 0 : defaultWaitSeconds);

  const isOver = waitSeconds > 0 && (await hasEnded(started.value, waitSeconds, reply, parts));
  const applied = preferenceApplied(preference, isOver);
  if (applied !== undefined) reply.header('preference-applied', applied);
  if (isOver) {
    const simulation = await ended;
    if (simulation.ended_because === 'failed') {
      return void sendProblem(reply, {
        code: 'simulation-failed',
        detail: 'The simulation broke before its time was up. The log says why, under this request id.',
      });
    }
    return void reply.code(200).send(simulation);
  }
  reply.code(202).send(engine.find(id) ?? (await ended));
}

/** Starts it, unless the same Idempotency-Key has started it before. */
function startOnce(
  request: FastifyRequest,
  { engine, idempotencyKeys }: StartParts,
  kind: Kind,
): Outcome<StartedSimulation, Refusal<ProblemCode>> {
  const key = idempotencyKeyOf(request.raw.headersDistinct[IDEMPOTENCY_KEY_HEADER]);
  if (!key.ok) return key;
  const origin = { requestId: request.id, trace: request.trace };
  if (key.value === undefined) return engine.start(kind, request.body, origin);

  const fingerprint = fingerprintOf(kind.name, request.body);
  const found = idempotencyKeys.find(key.value, fingerprint);
  if (!found.ok) return found;
  if (found.value !== undefined) {
    const { id, report } = found.value;
    const past = engine.rejoin(id);
    if (past !== undefined) return granted(past);
    if (report !== undefined) return granted({ id, begun: Promise.resolve(), ended: Promise.resolve(report) });
  }
  const started = engine.start(kind, request.body, origin);
  // A refusal is not remembered: the same request may be granted later.
  if (started.ok) idempotencyKeys.remember(key.value, fingerprint, started.value);
  return started;
}

/** Waits for the end, for the time that the caller gave, or for the caller to leave, which cancels the simulation. */
async function hasEnded(
  { id, ended }: StartedSimulation,
  seconds: number,
  reply: FastifyReply,
  { engine, clock }: StartParts,
): Promise<boolean> {
  // Not `request.signal`: it aborts as soon as the body has been read, because the request's stream closes then.
  const answer = reply.raw;
  const onClose = () => void engine.cancel(id, 'client_gone');
  answer.once('close', onClose);
  // The caller may have left while the threads were being started; that event does not come again.
  if (answer.destroyed) onClose();
  const isOver = new AbortController();
  void ended.then(() => isOver.abort());
  const timeRanOut = await wait(clock, Math.min(seconds, WAIT_TO_THE_END_SECONDS) * 1000, isOver.signal);
  answer.off('close', onClose);
  return !timeRanOut;
}

/** A POST without any body asks for the defaults; Fastify would validate `undefined`. */
export const emptyBodyIsDefaults: preValidationHookHandler = (request, _reply, done) => {
  if (request.body === undefined) request.body = {};
  done();
};

/** The parts of the OpenAPI document that these routes share. */
export function startSchema(kind: (typeof kinds)[number]) {
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
        'invalid-body',
        'idempotency-key-reused',
        'over-cap',
        'over-capacity',
        'no-cpu-limit',
        'no-memory-limit',
        'limit-unreadable',
        'capacity-exhausted',
        'simulation-failed',
        'draining',
      ),
    },
  };
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
        'The same key and body are the same simulation, however often they are sent to this replica, which remembers its last 2000 keys; one whose caller left, or that failed, is begun anew; another body is refused.',
      examples: ['8e03978e-40d5-43dd-bc93-6894a57f9324'],
    },
  },
} as const;
