/** One line that says how far a simulation is; pure. */
import { shownBytes } from '#foundation/quantity.ts';
import type { Simulation } from '#simulation/simulation.ts';

const BAR_WIDTH = 24;

export function progressLine({ kind, progress, granted, delivered, accuracy }: Simulation): string {
  const passed = granted.seconds - progress.remaining_seconds;
  const amount = 'cores' in delivered ? `${delivered.cores} cores` : `${shownBytes(delivered.bytes)} resident`;
  const exactness = accuracy === null ? '' : `, accuracy ${accuracy}`;
  return `${kind} ${bar(progress.ratio)} ${passed.toFixed(0)} of ${granted.seconds} s, ${amount}${exactness}`;
}

/** @param ratio from 0 to 1. */
export function bar(ratio: number): string {
  const filled = Math.round(ratio * BAR_WIDTH);
  return '█'.repeat(filled) + '░'.repeat(BAR_WIDTH - filled);
}
