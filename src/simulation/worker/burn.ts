/** Burns a share of one core on the calling thread, in closed loop on the CPU time that the kernel accounts to it. */
import { dueSeconds } from '../shape.ts';
import type { BurnJob, SharedState } from './job.ts';
import { SampleBuffer } from './sample-buffer.ts';

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
  const run = new Burning(job, state, clock, periodMs);
  while (run.isOpen()) run.period();
  run.finish();
}

/**
 * One job on its way. Each period is a call: V8 compiles a method once, when it has been called often enough, but a loop that
 * never ends again and again while it runs, which cost 11 ms of CPU about 1,000 periods into a thread's life (measured).
 */
class Burning {
  readonly #job: BurnJob;
  readonly #state: SharedState;
  readonly #clock: BurnClock;
  readonly #periodMs: number;
  readonly #durationMs: number;
  readonly #startMs: number;
  readonly #cpuAtStartMs: number;
  readonly #samples: SampleBuffer;
  readonly #isFlatOut: boolean;
  #forgivenMs = 0;

  constructor(job: BurnJob, state: SharedState, clock: BurnClock, periodMs: number) {
    this.#job = job;
    this.#state = state;
    this.#clock = clock;
    this.#periodMs = periodMs;
    this.#durationMs = Number(job.deadlineNs - job.startNs) / 1e6;
    this.#startMs = clock.nowMs() - Number(clock.nowNs() - job.startNs) / 1e6;
    this.#cpuAtStartMs = clock.threadCpuMicroseconds() / 1000;
    this.#samples = new SampleBuffer(job.samples, job.samplePeriodMs);
    this.#isFlatOut = job.share === 1 && job.shape.type === 'constant';
  }

  isOpen(): boolean {
    return this.#elapsedMs() < this.#durationMs && !this.#state.stopped;
  }

  period(): void {
    const now = this.#elapsedMs();
    const endMs = Math.min((Math.floor(now / this.#periodMs) + 1) * this.#periodMs, this.#durationMs);
    const used = this.#usedMs();
    this.#samples.note(now, used);
    if (this.#isFlatOut) {
      this.#spinUntil(endMs);
      return;
    }
    const behindMs = this.#dueMs(now) - this.#forgivenMs - used;
    this.#forgivenMs += Math.max(0, behindMs - MAX_CATCH_UP_MS);
    this.#burnUpTo(this.#dueMs(endMs) - this.#forgivenMs, endMs);
    const restMs = endMs - this.#elapsedMs();
    if (restMs > 0) this.#state.sleepUnlessStopped(restMs);
  }

  finish(): void {
    this.#state.sleepUnlessStopped(SETTLE_MS);
    this.#samples.note(this.#elapsedMs(), this.#usedMs());
  }

  /**
   * Spinning is timed by the wall clock, which is exact unless another thread had the core meanwhile; the account then
   * says how much is still owed.
   */
  #burnUpTo(goalMs: number, endMs: number): void {
    for (let owed = goalMs - this.#usedMs(); owed > SETTLE_MS; owed = goalMs - this.#usedMs()) {
      const from = this.#elapsedMs();
      if (from >= endMs || this.#state.stopped) return;
      this.#spinUntil(Math.min(from + owed, endMs));
      this.#state.sleepUnlessStopped(SETTLE_MS);
    }
  }

  #spinUntil(untilMs: number): void {
    while (this.#elapsedMs() < untilMs && !this.#state.stopped) this.#clock.work();
  }

  #elapsedMs(): number {
    return this.#clock.nowMs() - this.#startMs;
  }

  /** CPU time of this job so far; told to the main thread too. */
  #usedMs(): number {
    const used = this.#clock.threadCpuMicroseconds() / 1000 - this.#cpuAtStartMs;
    this.#state.delivered = used * 1000;
    return used;
  }

  #dueMs(atMs: number): number {
    const { share, shape } = this.#job;
    return share * dueSeconds(shape, atMs / 1000, this.#durationMs / 1000) * 1000;
  }
}
