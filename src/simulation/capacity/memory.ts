/** How much memory may be granted now: pure decisions over the limit, the real headroom, the caps and what already runs. */
import { granted, type Outcome, refused } from '#foundation/outcome.ts';
import { shownBytes } from '#foundation/quantity.ts';
import type { AmountRefusal } from '../refusals.ts';
import type { Caps } from './caps.ts';
import { limitUnreadable, type MaybeUnreadable, type Reservation, secondsUntil } from './reservation.ts';

/** What the container and the machine allow, read afresh for each decision. */
export type MemorySupply = MaybeUnreadable & {
  /** The container's memory limit, `null` without one. */
  readonly limitBytes: number | null;
  /** What there is to share: the limit, or the machine's memory where that is less. */
  readonly totalBytes: number;
  /** What can still be taken before the kernel kills somebody: the tightest of the container, those around it, and the machine. */
  readonly headroomBytes: number;
};

export type MemoryReservation = Pick<Reservation, 'memoryBytes' | 'residentBytes' | 'remainingSeconds'>;

const MEBIBYTE = 1024 ** 2;

/** The service itself needs room for a burst of requests and for another thread or two: 8 to 18 MB each (measured). */
const RESERVE_MINIMUM_BYTES = 16 * MEBIBYTE;
const RESERVE_RATIO = 0.05;

/** What is kept free of simulations. Under a limit, the first byte beyond it is an OOM kill. */
export function reserveBytes({ totalBytes }: Pick<MemorySupply, 'totalBytes'>): number {
  return Math.max(RESERVE_MINIMUM_BYTES, totalBytes * RESERVE_RATIO);
}

/** The most that all memory simulations together may hold, given what else is in use. */
export function grantableBytes(
  supply: MemorySupply,
  caps: Pick<Caps, 'maxMemoryBytes'>,
  running: readonly MemoryReservation[],
): number {
  const resident = running.reduce((sum, { residentBytes }) => sum + residentBytes, 0);
  return Math.max(0, Math.min(caps.maxMemoryBytes, supply.headroomBytes + resident - reserveBytes(supply)));
}

export type MemoryWish = {
  readonly bytes: number;
  /** Leaves the headroom out of the decision, to show an OOM kill. */
  readonly allowOom: boolean;
};

/** Grants the wish whole or refuses it: for good where it never could be met, for now where others hold what it needs. */
export function grantMemory(
  { bytes, allowOom }: MemoryWish,
  supply: MemorySupply,
  caps: Pick<Caps, 'maxMemoryBytes'>,
  running: readonly MemoryReservation[],
): Outcome<number, AmountRefusal> {
  if (bytes > caps.maxMemoryBytes) {
    return refused({
      code: 'over-cap',
      detail: 'The simulation asks for more memory than this service may hold.',
      errors: [
        { pointer: '/memory', message: `must be at most ${shownBytes(caps.maxMemoryBytes)} (SKYOPS_MAX_MEMORY)` },
      ],
    });
  }
  if (supply.unreadable !== undefined && !allowOom) return limitUnreadable(supply.unreadable);
  const ceiling = allowOom ? caps.maxMemoryBytes : grantableBytes(supply, caps, running);
  if (bytes > ceiling) return refused({ code: 'over-capacity', ...whyNever(supply, ceiling) });
  const fits = (reservations: readonly MemoryReservation[]) =>
    bytes + reservations.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0) <= ceiling;
  if (fits(running)) return granted(bytes);
  return refused({
    code: 'capacity-exhausted',
    detail:
      'Running simulations hold the memory that this one needs. Wait for them to end or cancel them (GET /simulations).',
    retryAfterSeconds: secondsUntil(fits, running),
  });
}

function whyNever(supply: MemorySupply, ceiling: number) {
  const most = `${Math.floor(ceiling / MEBIBYTE)}Mi`;
  const where =
    supply.limitBytes === null
      ? 'this machine has no more'
      : `the container’s limit is ${shownBytes(supply.limitBytes)}`;
  return {
    detail:
      'An exact amount is delivered whole or not at all, and this one would risk that the kernel kills the container.',
    errors: [
      {
        pointer: '/memory',
        message: `must be at most ${most}: ${where}, less what is in use and ${shownBytes(reserveBytes(supply))} of reserve ("allow_oom": true takes the risk)`,
      },
    ],
  };
}
