/** What the two sides of a worker thread say to each other: the job and the memory that they share. */

import { CONSTANT } from '../shape.ts';
import type { Shape } from '../shape-schema.ts';

/** Work for one thread. Times are `process.hrtime.bigint()`, the only clock that threads of a process share. */
export type Job = {
  /** Part of one core to burn, above 0 up to 1; the most that the shape reaches. */
  readonly share: number;
  readonly shape: Shape;
  readonly startNs: bigint;
  /** The thread itself ends the job here, even if the main thread is stuck or dead. */
  readonly deadlineNs: bigint;
};

/** The job to burn `share` of a core from this moment on, for `seconds`. */
export function jobFromNow(share: number, seconds: number, shape: Shape = CONSTANT): Job {
  const startNs = process.hrtime.bigint();
  return { share, shape, startNs, deadlineNs: startNs + BigInt(Math.round(seconds * 1e9)) };
}

/** What the thread tells the main thread through its message port. */
export type ThreadMessage = { readonly type: 'ready' } | { readonly type: 'done' };

const BUFFER_BYTES = 16;
const SUMMONS = 0;
const STOP = 1;
const CPU_MICROSECONDS = 1;

/**
 * The memory that both sides see. A thread that burns turns no event loop, so messages alone would reach it
 * only after its work: the summons wakes it, the stop flag reaches it in the middle, and the CPU time that it has
 * used can be read at any moment without asking it.
 */
export class SharedState {
  readonly buffer: SharedArrayBuffer;
  readonly #words: Int32Array<SharedArrayBuffer>;
  readonly #amounts: BigInt64Array<SharedArrayBuffer>;

  constructor(buffer = new SharedArrayBuffer(BUFFER_BYTES)) {
    this.buffer = buffer;
    this.#words = new Int32Array(buffer, 0, 2);
    this.#amounts = new BigInt64Array(buffer);
  }

  /** Main side: the next job lies in the message port. */
  summon(): void {
    Atomics.store(this.#words, STOP, 0);
    Atomics.store(this.#amounts, CPU_MICROSECONDS, 0n);
    Atomics.add(this.#words, SUMMONS, 1);
    Atomics.notify(this.#words, SUMMONS);
  }

  /** Thread side: sleeps until there are more summonses than `seen`, then says how many there are. */
  awaitSummons(seen: number): number {
    Atomics.wait(this.#words, SUMMONS, seen);
    return Atomics.load(this.#words, SUMMONS);
  }

  /** Main side: ends the job now. */
  stop(): void {
    Atomics.store(this.#words, STOP, 1);
    Atomics.notify(this.#words, STOP);
  }

  get stopped(): boolean {
    return Atomics.load(this.#words, STOP) === 1;
  }

  /** Thread side: sleeps for the time, or less if the job is stopped meanwhile. */
  sleepUnlessStopped(milliseconds: number): void {
    Atomics.wait(this.#words, STOP, 0, milliseconds);
  }

  /** CPU time of the current or the last job, as the kernel accounted it to the thread. */
  get cpuSeconds(): number {
    return Number(Atomics.load(this.#amounts, CPU_MICROSECONDS)) / 1e6;
  }

  recordCpuMicroseconds(microseconds: number): void {
    Atomics.store(this.#amounts, CPU_MICROSECONDS, BigInt(Math.round(microseconds)));
  }
}
