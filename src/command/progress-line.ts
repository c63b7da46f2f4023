/** One line that says how far a simulation is; pure. */
import { kinds } from '#simulation/catalog.ts';
import type { Simulation } from '#simulation/simulation.ts';

const BAR_WIDTH = 24;

export function progressLine(simulation: Simulation): string {
  const { kind, progress, granted, accuracy } = simulation;
  const passed = granted.seconds - progress.remaining_seconds;
  const exactness = accuracy === null ? '' : `, accuracy ${accuracy}`;
  return `${kind} ${bar(progress.ratio)} ${passed.toFixed(0)} of ${granted.seconds} s${deliveredIn(simulation)}${exactness}`;
}

/** Nothing of a kind that a newer SkyOps somewhere else has. */
function deliveredIn({ kind, delivered }: Simulation): string {
  const own = kinds.find(({ name }) => name === kind);
  if (own === undefined) return '';
  // Name and report of one kind belong together; the compiler cannot follow that through a union.
  const progress = own.progress as (of: Simulation['delivered']) => string;
  return `, ${progress(delivered)}`;
}

/** @param ratio from 0 to 1. */
export function bar(ratio: number): string {
  const filled = Math.round(ratio * BAR_WIDTH);
  return '█'.repeat(filled) + '░'.repeat(BAR_WIDTH - filled);
}
