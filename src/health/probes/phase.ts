/** Readiness: whether this replica is in the phase in which it wants traffic. */
import type { Phase } from '#lifecycle/phase.ts';
import { OK, type Probe } from '../probe.ts';

export function createPhaseProbe(phase: Phase): Probe {
  return {
    name: 'phase',
    evaluate: () => (phase.current() === 'ready' ? OK : { ok: false, reason: phase.current() }),
  };
}
