/** The contract of a hook: one concern of every request, added to the server in the order of the catalog. */
import type { FastifyInstance } from 'fastify';
import type { Clock } from '#foundation/clock.ts';
import type { Phase } from '#lifecycle/phase.ts';
import type { RequestObserver } from '#observability/request-record.ts';
import type { Tracing } from '#observability/tracing/tracing.ts';
import type { LatestRequests, OpenRequests } from '../open-requests.ts';
import type { ClosingConnections } from './closing.ts';

export type HookParts = {
  readonly clock: Clock;
  readonly phase: Phase;
  readonly observer: RequestObserver;
  readonly tracing: Pick<Tracing, 'begin'>;
  readonly openRequests: OpenRequests;
  readonly latestRequests: LatestRequests;
  readonly closing: ClosingConnections;
};

export type Hook = (app: FastifyInstance, parts: HookParts) => void;
