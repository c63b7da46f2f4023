/** The contract of a hook: one concern of every request, added to the server in the order of the catalog. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Clock } from '#foundation/clock.ts';
import type { Random } from '#foundation/random.ts';
import type { Phase } from '#lifecycle/phase.ts';
import type { RequestObserver } from '#observability/request-record.ts';
import type { Tracing } from '#observability/tracing/tracing.ts';
import type { EffectBoard } from '#simulation/effects/board.ts';
import type { OpenRequests } from '../wire/open-requests.ts';

/** What a hook may ask for. */
export type HookParts = {
  readonly clock: Clock;
  readonly random: Random;
  readonly phase: Phase;
  readonly observer: RequestObserver;
  readonly tracing: Pick<Tracing, 'begin'>;
  readonly openRequests: OpenRequests;
  /** What running simulations do to requests. */
  readonly effects: EffectBoard;
};

/**
 * Sees the head of one request, before its body is read. Gives whether the request goes on; where it does not, the hook has answered it.
 * A hook that waits gives a promise of that; the others do not wait for it, and the request goes on only if its client is still there.
 * What it throws is answered by the error handler.
 */
export type OnRequest = (request: FastifyRequest, reply: FastifyReply) => boolean | Promise<boolean>;

export type Hook = {
  /** Once, while the server is built: looks at each route, or listens to the server itself. No request is there yet. */
  readonly register?: (app: FastifyInstance, parts: HookParts) => void;
  /** Gives what sees each request. Called once. */
  readonly onRequest?: (parts: HookParts) => OnRequest;
};
