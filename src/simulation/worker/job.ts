/** What the two sides of a worker thread say to each other: the job and the memory that they share. */
import type { Shape } from '../shape-schema.ts';
import { SampleBuffer, type SharedSamples } from './sample-buffer.ts';

/** What every job has that does something. Times are `process.hrtime.bigint()`, the only clock that threads of a process share. */
type Timing = {
  readonly startNs: bigint;
  /** The thread itself ends the job here, even if the main thread is stuck or dead. */
  readonly deadlineNs: bigint;
  readonly shape: Shape;
  readonly samples: SharedSamples;
  readonly samplePeriodMs: number;
};

/** Burn CPU time. */
export type BurnJob = Timing & {
  readonly type: 'burn';
  /** Part of one core to burn, above 0 up to 1; the most that the shape reaches. */
  readonly share: number;
};

/** Hold memory. */
export type HoldJob = Timing & {
  readonly type: 'hold';
  /** The most that the shape reaches. */
  readonly bytes: number;
  readonly growthBytesPerSecond: number;
};

/** Nothing but the answer that it is done. */
type AnswerJob = { readonly type: 'answer' };

export type Job = BurnJob | HoldJob | AnswerJob;

/** When a job that begins now and lasts `seconds` ends, and where its samples go. */
export function timingFromNow(
  seconds: number,
  shape: Shape,
): { readonly timing: Timing; readonly samples: SampleBuffer } {
  const startNs = process.hrtime.bigint();
  const samples = SampleBuffer.forSeconds(seconds);
  const deadlineNs = startNs + BigInt(Math.round(seconds * 1e9));
  return { samples, timing: { startNs, deadlineNs, shape, samples: samples.buffer, samplePeriodMs: samples.periodMs } };
}

/** What the thread tells the main thread through its message port. */
export type ThreadMessage = { readonly type: 'ready' } | { readonly type: 'done' };

/** 32-bit words, in the first 8 bytes. */
const SUMMONS = 0;
const STOP = 1;
/** Values of the word STOP: neither lets a thread sleep, only one ends its job. */
const STOPPED = 1;
const AWAKE = 2;
/** 64-bit amounts; the first lies on the words. */
const DELIVERED = 1;
const DUE = 2;
const LEVEL = 3;
const PEAK = 4;
const CEILING = 5;
const BUFFER_BYTES = 6 * BigInt64Array.BYTES_PER_ELEMENT;

/**
 * The memory that both sides see. A thread at work turns no event loop, so messages alone would reach it
 * only after its work: the summons wakes it, the stop flag reaches it in the middle, and what it has delivered can be
 * read at any moment without asking it.
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
    for (const amount of [DELIVERED, DUE, LEVEL, PEAK, CEILING]) Atomics.store(this.#amounts, amount, 0n);
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
    Atomics.store(this.#words, STOP, STOPPED);
    Atomics.notify(this.#words, STOP);
  }

  /** Thread side: from now on its sleeps end at once, so that the loop can be run through many times in a short time. */
  stayAwake(): void {
    Atomics.store(this.#words, STOP, AWAKE);
  }

  get stopped(): boolean {
    return Atomics.load(this.#words, STOP) === STOPPED;
  }

  /** Thread side: sleeps for the time, or less if the job is stopped meanwhile. */
  sleepUnlessStopped(milliseconds: number): void {
    Atomics.wait(this.#words, STOP, 0, milliseconds);
  }

  /** Delivered by the current or the last job so far: CPU time in microseconds, or memory over time in byte-milliseconds. */
  get delivered(): number {
    return Number(Atomics.load(this.#amounts, DELIVERED));
  }

  set delivered(amount: number) {
    Atomics.store(this.#amounts, DELIVERED, BigInt(Math.round(amount)));
  }

  /** What was due of it so far, where the thread is the one who knows: byte-milliseconds. */
  get due(): number {
    return Number(Atomics.load(this.#amounts, DUE));
  }

  set due(amount: number) {
    Atomics.store(this.#amounts, DUE, BigInt(Math.round(amount)));
  }

  /** Bytes that are resident now. */
  get level(): number {
    return Number(Atomics.load(this.#amounts, LEVEL));
  }

  set level(bytes: number) {
    Atomics.store(this.#amounts, LEVEL, BigInt(bytes));
    if (bytes > this.peak) Atomics.store(this.#amounts, PEAK, BigInt(bytes));
  }

  /** The most bytes that were resident. */
  get peak(): number {
    return Number(Atomics.load(this.#amounts, PEAK));
  }

  /** Bytes up to which memory may grow for the moment. */
  get ceiling(): number {
    return Number(Atomics.load(this.#amounts, CEILING));
  }

  set ceiling(bytes: number) {
    Atomics.store(this.#amounts, CEILING, BigInt(Math.floor(bytes)));
  }
}
