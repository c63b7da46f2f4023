/** One worker thread of the pool: does one job at a time, and is gone for good once it breaks. */
import { Worker } from 'node:worker_threads';
import type { Clock } from '#foundation/clock.ts';
import { Failure } from '#foundation/failure.ts';
import { type Job, SharedState, type ThreadMessage } from './job.ts';

/**
 * A thread that has not stopped this long after it was told to, and gives no memory back meanwhile, is terminated. One that burns
 * takes under 1 ms, one that holds 256 MiB 40 ms (measured).
 */
const TERMINATE_AFTER_MS = 250;

/** How a job ended. A thread that breaks ends its job, never the process. */
export type JobEnd = { readonly type: 'done' } | { readonly type: 'broken'; readonly cause: unknown };

/** A thread that is lent for one job. It goes back to the pool by itself when the job is over. */
export type WorkerLease = {
  readonly run: (job: Job) => Promise<JobEnd>;
  /** Ends the job now; harmless when it is over. */
  readonly stop: () => void;
  /** What the thread tells of its job without being asked. */
  readonly state: Pick<SharedState, 'delivered' | 'due' | 'level' | 'peak' | 'ceiling'>;
};

export type MemberParts = {
  readonly clock: Clock;
  readonly name: string;
  /** Its job is over, and it waits for the next one. */
  readonly onFree: (member: Member) => void;
  /** It has broken. */
  readonly onGone: (member: Member, cause: unknown) => void;
};

export class Member implements WorkerLease {
  readonly state = new SharedState();
  /** Resolves when the thread has started; rejects with a Failure if it never does. */
  readonly warm: Promise<void>;
  hasStarted = false;
  readonly #parts: MemberParts;
  readonly #worker: Worker;
  readonly #warming = Promise.withResolvers<void>();
  #isGone = false;
  #finishJob: ((end: JobEnd) => void) | undefined;
  #cancelTermination = () => {};

  /** @throws what the system says where it gives no more threads. */
  constructor(parts: MemberParts) {
    this.#parts = parts;
    this.warm = this.#warming.promise;
    // Told to whoever waits for it; one that is let go has nobody.
    this.warm.catch(() => {});
    this.#worker = new Worker(new URL('./thread.ts', import.meta.url), {
      name: parts.name,
      workerData: this.state.buffer,
      // The thread holds no data; a heap beyond this is a defect and ends the thread alone.
      resourceLimits: { maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 1 },
    });
    this.#worker.on('message', (message: ThreadMessage) => this.#hear(message));
    this.#worker.on('error', (cause) => this.#leave(cause));
    this.#worker.on('exit', (code) => this.#leave(new Error(`worker thread exited with code ${code}`)));
  }

  readonly run = (job: Job): Promise<JobEnd> => {
    if (this.#isGone) return Promise.resolve({ type: 'broken', cause: new Error('worker thread is gone') });
    const { promise, resolve } = Promise.withResolvers<JobEnd>();
    this.#finishJob = resolve;
    this.#worker.postMessage(job);
    this.state.summon();
    return promise;
  };

  readonly stop = (): void => {
    this.state.stop();
    this.#terminateUnlessItEnds(this.state.level);
  };

  terminate(): Promise<unknown> {
    return this.#worker.terminate();
  }

  #hear(message: ThreadMessage): void {
    if (message.type === 'ready') {
      this.hasStarted = true;
      this.#warming.resolve();
      return;
    }
    this.#cancelTermination();
    const finishJob = this.#finishJob;
    this.#finishJob = undefined;
    this.#parts.onFree(this);
    finishJob?.({ type: 'done' });
  }

  #leave(cause: unknown): void {
    this.#cancelTermination();
    if (this.#isGone) return;
    this.#isGone = true;
    this.#warming.reject(new Failure('worker-not-started', 'A worker thread ended before it was ready.', { cause }));
    this.#finishJob?.({ type: 'broken', cause });
    this.#parts.onGone(this, cause);
  }

  #terminateUnlessItEnds(level: number): void {
    this.#cancelTermination();
    if (this.#isGone || this.#finishJob === undefined) return;
    this.#cancelTermination = this.#parts.clock.after(TERMINATE_AFTER_MS, () => {
      if (this.state.level < level) this.#terminateUnlessItEnds(this.state.level);
      else void this.terminate();
    });
  }
}
