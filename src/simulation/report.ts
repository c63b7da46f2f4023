/** From what was measured while a simulation ran to what is said about it; pure. */
import { rounded } from '#foundation/scalars.ts';

export const ENDINGS = ['completed', 'cancelled', 'client_gone', 'draining', 'memory_pressure', 'failed'] as const;
/** Why a simulation ended. */
export type Ending = (typeof ENDINGS)[number];

/** Less than one piece of work of one thread says nothing about accuracy. */
const SMALLEST_DUE = 0.001;

/** Delivered over due, 1 is exact; `null` while nothing was due yet. */
export function accuracy(delivered: number, due: number): number | null {
  return due >= SMALLEST_DUE ? rounded(delivered / due, 4) : null;
}

type Total = { readonly atSeconds: number; readonly total: number };

/**
 * What was added between one moment and the next, for each second of that time.
 * @param totals a running total at moments since the start, in order; moments closer than a hundredth of a second say nothing and are left out.
 */
export function ratesBetween(totals: readonly Total[]): { readonly atSeconds: number; readonly rate: number }[] {
  const rates: { atSeconds: number; rate: number }[] = [];
  let before: Total = { atSeconds: 0, total: 0 };
  for (const each of totals) {
    const seconds = each.atSeconds - before.atSeconds;
    if (seconds < 0.01) continue;
    rates.push({ atSeconds: each.atSeconds, rate: (each.total - before.total) / seconds });
    before = each;
  }
  return rates;
}
