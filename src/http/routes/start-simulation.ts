/** What every route that starts a simulation does: start it, wait for as long as the caller wants, answer. */
import type { FastifyReply, FastifyRequest, preValidationHookHandler } from 'fastify';
import type { TObject } from 'typebox';
import { type Clock, wait } from '#foundation/clock.ts';
import type { Engine, StartedSimulation } from '#simulation/engine.ts';
import { Simulation } from '#simulation/simulation.ts';
import type { Kind } from '#simulation/simulator.ts';
import { parsePrefer } from '../prefer.ts';
import { sendProblem } from '../problem.ts';
import { PROGRESS_EXAMPLE, REPORT_EXAMPLE } from './examples.ts';
import { json, problems, shared } from './route.ts';

export type StartParts = { readonly engine: Engine; readonly clock: Clock };

/** Longer than any simulation may last: whoever waits by default waits for the end. */
export const WAIT_TO_THE_END_SECONDS = 1_000_000;

/** @param defaultWaitSeconds how long to wait for a caller who does not say; 0 answers at once. */
export async function startSimulation(
  request: FastifyRequest,
  reply: FastifyReply,
  { engine, clock }: StartParts,
  kind: Kind,
  defaultWaitSeconds: number,
): Promise<void> {
  const preference = parsePrefer(request.headers['prefer']);
  const started = engine.start(kind, request.body, request.id);
  if (!started.ok) return void sendProblem(reply, started.refusal);
  const { id, ended, begun } = started.value;
  // Answered once its threads are there: before that, its start and its end are not known.
  await begun;

  reply.header('location', `/simulations/${id}`).header('vary', 'prefer');
  if (preference.respondAsync) reply.header('preference-applied', 'respond-async');
  else if (preference.waitSeconds !== undefined) reply.header('preference-applied', `wait=${preference.waitSeconds}`);
  // With both, the caller is willing to wait and takes 202 after that (RFC 7240, section 4.3).
  const waitSeconds = preference.waitSeconds ?? (preference.respondAsync ? 0 : defaultWaitSeconds);

  if (waitSeconds > 0 && (await hasEnded(started.value, waitSeconds, reply, { engine, clock }))) {
    const simulation = await ended;
    if (simulation.ended_because === 'failed') {
      return void sendProblem(reply, {
        code: 'simulation-failed',
        detail: 'The simulation broke before its time was up. The log says why, under this request id.',
      });
    }
    return void reply.code(200).send(simulation);
  }
  reply.code(202).send(engine.find(id));
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
export function startSchema(kind: { readonly request: TObject; readonly example: unknown }) {
  return {
    headers: preferHeader,
    body: { ...kind.request, examples: [kind.example] },
    response: {
      200: json('It has ended: the report.', shared(Simulation), REPORT_EXAMPLE),
      202: json('It runs; Location says where to look.', shared(Simulation), PROGRESS_EXAMPLE),
      ...problems(
        'bad-request',
        'malformed-json',
        'body-too-large',
        'unsupported-media-type',
        'invalid-body',
        'over-cap',
        'capacity-exhausted',
        'simulation-failed',
        'draining',
      ),
    },
  };
}

const preferHeader = {
  type: 'object',
  properties: {
    prefer: {
      type: 'string',
      description: 'RFC 7240: `respond-async` answers 202 at once, `wait=N` waits at most N seconds.',
      examples: ['respond-async'],
    },
  },
} as const;
