/** How much CPU may be granted now: pure decisions over the machine, the container, the caps and what already runs. */
import { granted, type Outcome, refused } from '#foundation/outcome.ts';
import type { AmountRefusal } from '../refusals.ts';
import type { Caps } from './caps.ts';
import { limitUnreadable, type MaybeUnreadable, type Reservation, secondsUntil } from './reservation.ts';

/** What the machine and the container allow, read afresh for each decision: a pod can be resized in place. */
export type CpuSupply = MaybeUnreadable & {
  /** CPUs that this process may run on. */
  readonly cpus: number;
  /** The container's CPU limit in cores, `null` without one. */
  readonly quotaCores: number | null;
};

export type CpuReservation = Pick<Reservation, 'cores' | 'threads' | 'remainingSeconds'>;

export type CpuWish = {
  readonly cores: number;
  readonly threads: number;
  /** Gives up the reserve that keeps probes fast, to show throttling. */
  readonly saturate: boolean;
};

export type CpuGrant = {
  readonly cores: number;
  /** Why it is less than was wished for, `null` if it is not. */
  readonly limitedBy: CpuLimit | null;
};

export const CPU_LIMITS = ['cpus', 'quota', 'running'] as const;
type CpuLimit = (typeof CPU_LIMITS)[number];

/** A tenth of a large quota: with 900m of 1000m used, /health took 2.8 ms at p99, with 1800m of 2000m 4.3 ms (measured). */
const RESERVE_RATIO = 0.1;
/**
 * Answering costs the same whatever the quota is. Under 500m and 100 probes a second, /health took 56 ms at p99 with 50m of reserve and 4.3 ms
 * with 100m; under 200m 91 ms with 50m and 2.3 ms with 100m; with a new connection for each probe, under 500m, 74 and 19 ms (measured).
 */
const RESERVE_MINIMUM_CORES = 0.1;
/** A simulation of fewer cores than this shows nothing; it is refused until there is room. */
const SMALLEST_GRANT_CORES = 0.05;

/**
 * What a quota is kept free of simulations. The kernel stops the whole container, probes included, for the rest of
 * each 100 ms period in which the quota is used up, and priorities do not help against that.
 */
export function reserveCores(quotaCores: number): number {
  return Math.min(Math.max(quotaCores * RESERVE_RATIO, RESERVE_MINIMUM_CORES), quotaCores / 2);
}

/** The most that all simulations together may use. */
export function grantableCores(supply: CpuSupply, caps: Pick<Caps, 'maxCores'>, saturate = false): number {
  const { cpus, quotaCores, unreadable } = supply;
  if (unreadable !== undefined) return 0;
  const quota = quotaCores === null ? Number.POSITIVE_INFINITY : quotaCores - (saturate ? 0 : reserveCores(quotaCores));
  return Math.min(cpus, quota, caps.maxCores);
}

/**
 * Grants a flat-out wish as far as there is room, and says what limited it. Refuses what the configured cap would
 * never allow, and what has to wait for others to end.
 */
export function grantFlatOut(
  wish: CpuWish,
  supply: CpuSupply,
  caps: Caps,
  running: readonly CpuReservation[],
): Outcome<CpuGrant, AmountRefusal> {
  const mostThreads = Math.ceil(caps.maxCores);
  if (wish.threads > mostThreads || wish.cores > caps.maxCores) {
    return refused({
      code: 'over-cap',
      detail: 'The simulation asks for more cores than this service may use.',
      errors: [
        {
          pointer: '/parallelism',
          message: `parallelism may be at most ${mostThreads} and parallelism × load at most ${caps.maxCores} (SKYOPS_MAX_CORES)`,
        },
      ],
    });
  }
  if (supply.unreadable !== undefined) return limitUnreadable(supply.unreadable);
  const ceiling = grantableCores(supply, caps, wish.saturate);
  const smallest = Math.min(SMALLEST_GRANT_CORES, ceiling, wish.cores);
  const free = (reservations: readonly CpuReservation[]) => ceiling - coresOf(reservations);
  const fits = (reservations: readonly CpuReservation[]) =>
    free(reservations) > smallest - CORE_SLACK && threadsOf(reservations) + wish.threads <= maxThreads(caps, supply);
  if (!fits(running)) return exhausted(secondsUntil(fits, running));

  const cores = Math.min(wish.cores, free(running));
  if (cores === wish.cores) return granted({ cores, limitedBy: null });
  if (wish.cores <= ceiling) return granted({ cores, limitedBy: 'running' });
  return granted({ cores, limitedBy: ceiling < Math.min(supply.cpus, caps.maxCores) ? 'quota' : 'cpus' });
}

/**
 * Grants an exact wish whole or refuses it: for good where the cap, the CPUs or the quota never allow it, for now where
 * others hold what it needs.
 */
export function grantExact(
  wish: CpuWish,
  supply: CpuSupply,
  caps: Caps,
  running: readonly CpuReservation[],
): Outcome<CpuGrant, AmountRefusal> {
  if (wish.cores > caps.maxCores) {
    return refused({
      code: 'over-cap',
      detail: 'The simulation asks for more cores than this service may use.',
      errors: [{ pointer: '/cpu', message: `must be at most ${caps.maxCores} cores (SKYOPS_MAX_CORES)` }],
    });
  }
  if (supply.unreadable !== undefined) return limitUnreadable(supply.unreadable);
  const ceiling = grantableCores(supply, caps, wish.saturate);
  if (wish.cores > ceiling + CORE_SLACK) {
    return refused({ code: 'over-capacity', ...whyNever(supply, ceiling, wish.saturate) });
  }
  const fits = (reservations: readonly CpuReservation[]) =>
    ceiling - coresOf(reservations) >= wish.cores - CORE_SLACK &&
    threadsOf(reservations) + wish.threads <= maxThreads(caps, supply);
  if (!fits(running)) return exhausted(secondsUntil(fits, running));
  return granted({ cores: wish.cores, limitedBy: null });
}

function whyNever({ cpus, quotaCores }: CpuSupply, ceiling: number, saturate: boolean) {
  const most = Math.floor(ceiling * 1000);
  const message =
    quotaCores !== null && quotaCores < cpus
      ? `must be at most ${most}m: the container's limit is ${Math.round(quotaCores * 1000)}m` +
        (saturate ? '' : ', of which a reserve keeps the probes fast ("saturate": true gives it up)')
      : `must be at most ${most}m: this process may run on ${cpus} CPUs`;
  return {
    detail: 'An exact amount is delivered whole or not at all, and this one never could be here.',
    errors: [{ pointer: '/cpu', message }],
  };
}

function exhausted(retryAfterSeconds: number) {
  return refused({
    code: 'capacity-exhausted',
    detail:
      'Running simulations hold the cores or the threads that this one needs. Wait for them to end or cancel them (GET /simulations).',
    retryAfterSeconds,
  } as const);
}

/** A thousandth of a core is beyond what a sum of floating-point shares can tell apart. */
const CORE_SLACK = 0.001;

const coresOf = (reservations: readonly CpuReservation[]) => reservations.reduce((sum, { cores }) => sum + cores, 0);
const threadsOf = (reservations: readonly CpuReservation[]) =>
  reservations.reduce((sum, { threads }) => sum + threads, 0);

/**
 * How many threads may run at the same time. An exact amount is spread over CPUs, so that it takes up to twice as many
 * threads as cores.
 */
function maxThreads(caps: Pick<Caps, 'maxCores'>, { cpus }: Pick<CpuSupply, 'cpus'>): number {
  return Math.max(Math.ceil(caps.maxCores), 2 * Math.min(cpus, Math.ceil(caps.maxCores)));
}

/**
 * How many threads wait warm: as many as can be busy at the same time, which a quota on a large machine makes far fewer than
 * its CPUs; at least two where there are two, because that is what the demo asks for.
 */
export function warmThreads({ cpus, quotaCores }: CpuSupply, caps: Pick<Caps, 'maxCores'>): number {
  return Math.min(cpus, Math.ceil(caps.maxCores), Math.max(2, Math.ceil(quotaCores ?? cpus)));
}

/**
 * Over how many threads an exact amount is spread: half a core each at the most, as far as there are CPUs. A thread
 * that needs all of a core cannot catch up after somebody else had it: as one thread of 1000m beside two spinning
 * neighbours, the Kubernetes algorithm delivered 65 %, as two of 500m 99 % (measured).
 */
export function spreadOver(cores: number, cpus: number): number {
  return Math.max(1, Math.min(cpus, Math.ceil(cores / MOST_CORES_A_THREAD - CORE_SLACK)));
}

const MOST_CORES_A_THREAD = 0.5;
