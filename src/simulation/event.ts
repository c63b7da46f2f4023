/** What happens to simulations, as plain values. */
import type { Refusal } from '#foundation/outcome.ts';
import type { Origin } from './entry.ts';
import type { SimulationSummary } from './simulation.ts';

/** What happened, for whoever watches: logs, metrics and streams are made from these. */
export type SimulationEvent =
  | (Origin & { readonly type: 'simulation-started'; readonly simulation: SimulationSummary })
  | (Origin & { readonly type: 'simulation-ended'; readonly simulation: SimulationSummary; readonly failure?: unknown })
  | (Origin & { readonly type: 'simulation-refused'; readonly kind: string; readonly refusal: Refusal });
