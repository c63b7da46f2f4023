/** From what was measured while a simulation ran to what is said about it; pure. */
import Type, { type Static } from 'typebox';
import { rounded } from '#foundation/scalars.ts';

export const ENDINGS = ['completed', 'cancelled', 'client_gone', 'draining', 'failed'] as const;
/** Why a simulation ended. */
export type Ending = (typeof ENDINGS)[number];

export const Sample = Type.Object(
  {
    at_seconds: Type.Number({ minimum: 0, description: 'Seconds since the start.' }),
    cores: Type.Number({ minimum: 0, description: 'Mean cores delivered since the sample before.' }),
  },
  { description: 'One measured value; one a second, fewer in a long run.' },
);
export type Sample = Static<typeof Sample>;

/** Ten minutes of seconds; a longer run keeps as many values, each over a longer time. */
export const MAX_SAMPLES = 600;

/** Cumulative core-seconds at a moment since the start: what samples are made from. */
export type Mark = { readonly atSeconds: number; readonly coreSeconds: number };

/** Adds a mark; beyond the bound every second one is dropped, which halves the resolution and loses no work done. */
export function withMark(marks: readonly Mark[], mark: Mark): readonly Mark[] {
  const all = [...marks, mark];
  if (all.length <= MAX_SAMPLES) return all;
  return all.filter((_, index) => index % 2 === 1 || index === all.length - 1);
}

/** Turns marks into samples; marks closer than a hundredth of a second say nothing and are left out. */
export function samplesOf(marks: readonly Mark[]): Sample[] {
  const samples: Sample[] = [];
  let before: Mark = { atSeconds: 0, coreSeconds: 0 };
  for (const mark of marks) {
    const seconds = mark.atSeconds - before.atSeconds;
    if (seconds < 0.01) continue;
    samples.push({
      at_seconds: rounded(mark.atSeconds, 3),
      cores: rounded((mark.coreSeconds - before.coreSeconds) / seconds, 4),
    });
    before = mark;
  }
  return samples;
}

/** Less than one piece of work of one thread says nothing about accuracy. */
const SMALLEST_DUE_CORE_SECONDS = 0.001;

/** Delivered over due, 1 is exact; `null` while nothing was due yet. */
export function accuracy(deliveredCoreSeconds: number, dueCoreSeconds: number): number | null {
  return dueCoreSeconds >= SMALLEST_DUE_CORE_SECONDS ? rounded(deliveredCoreSeconds / dueCoreSeconds, 4) : null;
}
