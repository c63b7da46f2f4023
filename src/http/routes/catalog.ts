/** Every route of the service; a line here serves it, validates it and documents it. */
import type { ProbeCatalog } from '#health/catalog.ts';
import type { EventFeed } from '#observability/event-feed.ts';
import type { Metrics } from '#observability/metrics/metrics.ts';
import { IdempotencyKeys } from '#operations/idempotency.ts';
import { eventsRoute } from './events.ts';
import { infoRoute } from './info.ts';
import { metricsRoute } from './metrics.ts';
import { openApiRoute } from './openapi.ts';
import { healthRoute, readyRoute } from './probes.ts';
import type { Route } from './route.ts';
import { simulateCpuRoute } from './simulate-cpu.ts';
import { cancelAllRoute, cancelRoute, listRoute, readRoute, startRoutes } from './simulations.ts';
import { type StatusParts, statusRoute } from './status.ts';

export type RouteParts = StatusParts & {
  readonly probes: ProbeCatalog;
  readonly metrics: Metrics;
  readonly feed: EventFeed;
};

export function routes(given: RouteParts): readonly Route[] {
  const parts = { ...given, idempotencyKeys: new IdempotencyKeys() };
  return [
    infoRoute(parts),
    healthRoute(parts.probes),
    readyRoute(parts.probes),
    statusRoute(parts),
    metricsRoute(parts.metrics),
    eventsRoute(parts),
    simulateCpuRoute(parts),
    ...startRoutes(parts),
    listRoute(parts),
    readRoute(parts),
    cancelRoute(parts),
    cancelAllRoute(parts),
    openApiRoute,
  ];
}
