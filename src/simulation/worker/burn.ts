/** Burns a share of one core on the calling thread, in closed loop on the CPU time that the kernel accounts to it. */
import { dueSeconds } from '../shape.ts';
import type { BurnJob, SharedState } from './job.ts';
import { Marks } from './marks.ts';

/** What the loop needs from its thread; a test gives it a simulated one. */
export type BurnClock = {
  /** The clock of the job's times, for its start alone: a bigint each time would be garbage to collect. */
  readonly nowNs: () => bigint;
  /** Any clock that moves as evenly, in milliseconds. */
  readonly nowMs: () => number;
  /** CPU time of this thread so far, user and system, in microseconds. */
  readonly threadCpuMicroseconds: () => number;
  /** Works for a fraction of a millisecond without looking at any clock. */
  readonly work: () => void;
};

/**
 * One duty cycle. Shorter cycles look smoother from outside but wake more often; with 20 ms every one-second
 * window held within 1.5 % at 250m and above (measured over 10 s on two quiet cores).
 */
const PERIOD_MS = 20;

/**
 * A moment of sleep before the CPU account is read. The kernel brings `RUSAGE_THREAD` up to date when the thread
 * leaves its core or at a scheduler tick, so a spinning thread reads up to a tick (4 ms at 250 Hz) too little and
 * would burn that much too much.
 */
const SETTLE_MS = 0.05;

/**
 * How much CPU time a starved thread may catch up on. Without a bound, a thread that was kept from its core for a
 * minute would then burn flat out for a minute, which nobody asked for.
 */
const MAX_CATCH_UP_MS = 1000;

/**
 * Runs the job to its deadline, or until it is stopped, whichever is first.
 *
 * The goal is cumulative, what is due by the shape since the start: what one period burns too much or too little,
 * the next one corrects, so errors never add up. The thread looks at the clock and at the stop flag after each piece of
 * work, so both take effect within a millisecond of the thread having a core.
 * @param periodMs of the duty cycle; another one only to warm up.
 */
export function burn(job: BurnJob, state: SharedState, clock: BurnClock, periodMs = PERIOD_MS): void {
  const durationMs = Number(job.deadlineNs - job.startNs) / 1e6;
  const startMs = clock.nowMs() - Number(clock.nowNs() - job.startNs) / 1e6;
  const elapsedMs = () => clock.nowMs() - startMs;
  const cpuAtStartMs = clock.threadCpuMicroseconds() / 1000;
  const usedMs = () => {
    const used = clock.threadCpuMicroseconds() / 1000 - cpuAtStartMs;
    state.delivered = used * 1000;
    return used;
  };
  const marks = new Marks(job.marks, job.markPeriodMs);
  const dueMs = (atMs: number) => job.share * dueSeconds(job.shape, atMs / 1000, durationMs / 1000) * 1000;
  const isFlatOut = job.share === 1 && job.shape.type === 'constant';
  const spinUntil = (untilMs: number) => {
    while (elapsedMs() < untilMs && !state.stopped) clock.work();
  };

  let forgivenMs = 0;
  for (let now = elapsedMs(); now < durationMs && !state.stopped; now = elapsedMs()) {
    const periodEndMs = Math.min((Math.floor(now / periodMs) + 1) * periodMs, durationMs);
    const used = usedMs();
    marks.note(now, used);
    if (isFlatOut) {
      spinUntil(periodEndMs);
      continue;
    }
    const behindMs = dueMs(now) - forgivenMs - used;
    forgivenMs += Math.max(0, behindMs - MAX_CATCH_UP_MS);
    const goalMs = dueMs(periodEndMs) - forgivenMs;

    // Spinning is timed by the wall clock, which is exact unless another thread had the core meanwhile;
    // the account then says how much is still owed.
    for (let owed = goalMs - usedMs(); owed > SETTLE_MS; owed = goalMs - usedMs()) {
      const from = elapsedMs();
      if (from >= periodEndMs || state.stopped) break;
      spinUntil(Math.min(from + owed, periodEndMs));
      state.sleepUnlessStopped(SETTLE_MS);
    }
    const restMs = periodEndMs - elapsedMs();
    if (restMs > 0) state.sleepUnlessStopped(restMs);
  }
  state.sleepUnlessStopped(SETTLE_MS);
  marks.note(elapsedMs(), usedMs());
}
