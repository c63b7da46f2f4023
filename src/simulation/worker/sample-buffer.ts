/** The running total at even moments of a job, noted by the thread and read by the main thread: what samples are made from. */

/** Shared memory of one job on one thread. Its content says all, so it can be passed to the thread as it is. */
export type SharedSamples = SharedArrayBuffer;

/** Ten minutes of seconds; a longer run has as many values, each over a longer time. */
const MAX_SAMPLES = 600;

/** How far the samples of a run are apart: whole seconds, so that each of them is easy to lay beside a second measured elsewhere. */
export function samplePeriodSeconds(seconds: number): number {
  return Math.max(1, Math.ceil(seconds / MAX_SAMPLES));
}

const HEADER_BYTES = 16;
const NOTED = 0;

/**
 * The thread notes them itself: a timer of the main thread would cost 0.25 ms of CPU time a second (measured), and it
 * would read the thread's account in the middle of a period, where the kernel has not brought it up to date.
 */
export class SampleBuffer {
  readonly buffer: SharedSamples;
  readonly periodMs: number;
  readonly #noted: Int32Array<SharedArrayBuffer>;
  readonly #totals: Float64Array<SharedArrayBuffer>;

  constructor(buffer: SharedSamples, periodMs: number) {
    this.buffer = buffer;
    this.periodMs = periodMs;
    this.#noted = new Int32Array(buffer, 0, 1);
    this.#totals = new Float64Array(buffer, HEADER_BYTES);
  }

  static forSeconds(seconds: number): SampleBuffer {
    const periodSeconds = samplePeriodSeconds(seconds);
    const count = Math.floor(seconds / periodSeconds);
    return new SampleBuffer(
      new SharedArrayBuffer(HEADER_BYTES + count * Float64Array.BYTES_PER_ELEMENT),
      periodSeconds * 1000,
    );
  }

  /** Thread side: when the next one is due, in milliseconds since the start of the job. */
  get nextMs(): number {
    return ((this.#noted[NOTED] ?? 0) + 1) * this.periodMs;
  }

  /** Thread side: the total at this moment. Moments that a starved thread has missed get the same total. */
  note(elapsedMs: number, total: number): void {
    let count = this.#noted[NOTED] ?? 0;
    const passed = Math.min(Math.floor(elapsedMs / this.periodMs), this.#totals.length);
    if (count >= passed) return;
    while (count < passed) {
      this.#totals[count] = total;
      count += 1;
    }
    // After the totals: whoever sees the count sees them too.
    Atomics.store(this.#noted, NOTED, count);
  }

  /** Main side: what is noted so far. */
  read(): readonly number[] {
    return [...this.#totals.subarray(0, Atomics.load(this.#noted, NOTED))];
  }
}
