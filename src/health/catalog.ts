/** Which probes make up liveness and which make up readiness. */
import type { Phase } from '#lifecycle/phase.ts';
import type { Probe } from './probe.ts';
import { eventLoopProbe } from './probes/event-loop.ts';
import { createPhaseProbe } from './probes/phase.ts';
import { createWorkerPoolProbe } from './probes/worker-pool.ts';

export type ProbeParts = {
  readonly phase: Phase;
  readonly pool: { readonly isWhole: () => boolean };
  /** Those that take time and run on their own. */
  readonly background: readonly Probe[];
};

export type ProbeCatalog = { readonly liveness: readonly Probe[]; readonly readiness: readonly Probe[] };

/** The order is the order of `?verbose`; the first that fails gives the reason. */
export function createProbes({ phase, pool, background }: ProbeParts): ProbeCatalog {
  return {
    // A restart helps against neither load, nor draining, nor a dependency, so none of those is asked here.
    liveness: [eventLoopProbe],
    readiness: [createPhaseProbe(phase), createWorkerPoolProbe(pool), ...background],
  };
}
