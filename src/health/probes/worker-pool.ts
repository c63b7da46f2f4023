/** Readiness: whether the warm worker threads are there, without which a simulation would start late or not at all. */
import { OK, type Probe } from '../probe.ts';

export function createWorkerPoolProbe(pool: { readonly isWhole: () => boolean }): Probe {
  return {
    name: 'worker-pool',
    evaluate: () => (pool.isWhole() ? OK : { ok: false, reason: 'worker-pool' }),
  };
}
