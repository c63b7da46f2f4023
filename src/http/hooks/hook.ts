/** The contract of a hook: one concern of every request, added to the server in the order of the catalog. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Clock } from '#foundation/clock.ts';
import type { Phase } from '#lifecycle/phase.ts';
import type { RequestObserver } from '#observability/request-record.ts';
import type { Tracing } from '#observability/tracing/tracing.ts';
import type { OpenRequests } from '../open-requests.ts';

export type HookParts = {
  readonly clock: Clock;
  readonly phase: Phase;
  readonly observer: RequestObserver;
  readonly tracing: Pick<Tracing, 'begin'>;
  readonly openRequests: OpenRequests;
};

/** Sees the head of a request. Returns whether it goes on; where it does not, it has been answered. What it throws is answered by the error handler. */
type OnRequest = (request: FastifyRequest, reply: FastifyReply) => boolean;

/** What it does when a request has come in, if anything; for all else it uses Fastify's own hooks. */
export type Hook = (app: FastifyInstance, parts: HookParts) => OnRequest | undefined;
