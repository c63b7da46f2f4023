/** Holds memory on the calling thread: grows at a bounded rate, follows its shape, and gives everything back. */
import { partAt } from '../shape.ts';
import type { Holder } from './held-memory.ts';
import type { HoldJob, SharedState } from './job.ts';
import { SampleBuffer } from './sample-buffer.ts';

/** What the loop needs from its thread; a test gives it a simulated one. */
export type HoldClock = {
  /** The clock of the job's times, for its start alone. */
  readonly nowNs: () => bigint;
  /** Any clock that moves as evenly, in milliseconds. */
  readonly nowMs: () => number;
};

/** While the amount moves. Shorter would be smoother than anybody measures memory. */
const STEP_MS = 20;

/** Reading the page table of a quarter of this takes 1.1 to 1.5 ms (measured); more is looked at less often, so that it stays below 1 % of a core. */
const COUNTED_A_SAMPLE_BYTES = 1024 ** 3;

/** Takes 9 ms (measured). */
const RELEASE_BYTES = 64 * 1024 ** 2;

/**
 * Runs the job to its deadline, or until it is stopped, whichever is first, and gives all memory back.
 *
 * Growth is bounded, so that whoever watches sees it come; shrinking is at once. It stays below the ceiling that the
 * main thread keeps in the shared state: that is how it never outruns the container's headroom.
 */
export function hold(job: HoldJob, state: SharedState, memory: Holder, clock: HoldClock): void {
  const durationMs = Number(job.deadlineNs - job.startNs) / 1e6;
  const startMs = clock.nowMs() - Number(clock.nowNs() - job.startNs) / 1e6;
  const elapsedMs = () => clock.nowMs() - startMs;
  const samples = new SampleBuffer(job.samples, job.samplePeriodMs);
  const samplesBetweenCounts = Math.ceil(job.bytes / COUNTED_A_SAMPLE_BYTES);
  const isStopped = () => state.stopped || elapsedMs() >= durationMs;

  let beforeMs = 0;
  let level = 0;
  /** Held but not resident, when it was last counted. */
  let missing = 0;
  let deliveredTotal = 0;
  let due = 0;
  let dueTotal = 0;
  let samplesSinceCount = 0;

  /** Up to now, at the level that held until now. */
  const passTime = (now: number) => {
    const milliseconds = Math.min(now, durationMs) - beforeMs;
    deliveredTotal += level * milliseconds;
    const wanted = job.bytes * partAt(job.shape, now / 1000, durationMs / 1000);
    const grown = due + job.growthBytesPerSecond * (milliseconds / 1000);
    const dueNow = Math.min(wanted, grown);
    // What grows in a straight line is due by its middle.
    dueTotal += ((due + dueNow) / 2) * milliseconds;
    due = dueNow;
    beforeMs += milliseconds;
    state.delivered = deliveredTotal;
    state.due = dueTotal;
  };

  for (let now = Math.max(0, elapsedMs()); now < durationMs && !state.stopped; now = elapsedMs()) {
    passTime(now);
    memory.resize(Math.min(due, state.ceiling), isStopped);
    if (now >= samples.nextMs) {
      samplesSinceCount += 1;
      if (samplesSinceCount >= samplesBetweenCounts) {
        samplesSinceCount = 0;
        missing = memory.bytes - memory.resident();
      }
      samples.note(now, Math.max(0, memory.bytes - missing));
    }
    level = Math.max(0, memory.bytes - missing);
    state.level = level;
    const isSteady = job.shape.type === 'constant' && memory.bytes >= job.bytes;
    const untilMs = isSteady
      ? Math.min(samples.nextMs, now + job.samplePeriodMs)
      : (Math.floor(now / STEP_MS) + 1) * STEP_MS;
    state.sleepUnlessStopped(Math.max(0, Math.min(untilMs, durationMs) - elapsedMs()));
  }
  const endMs = Math.min(elapsedMs(), durationMs);
  passTime(endMs);
  samples.note(endMs, level);
  // In pieces, so that whoever waits for the end sees it coming.
  while (memory.bytes > 0) {
    memory.resize(Math.max(0, memory.bytes - RELEASE_BYTES), () => false);
    state.level = memory.bytes;
  }
}
