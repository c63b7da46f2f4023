/** The warm worker threads: lends them to simulations, takes them back, and replaces the ones that break. */
import type { Cancel, Clock } from '#foundation/clock.ts';
import { Failure } from '#foundation/failure.ts';
import { Member, type WorkerLease } from './member.ts';

/**
 * Threads beyond the warm ones are let go when for this long, counted from one look to the next, fewer worked at the same time. A load
 * that is cut into pieces comes again within seconds, and a new thread costs 0.2 s of CPU time: 800m over three replicas came out at
 * 1.15 cores when they were let go at once (measured). For that time each keeps its 6 to 8 MB. It is their number that is kept, not each
 * of them since its own last work: in turn, a small load would keep them all for good.
 */
const KEEP_MS = 60_000;

/** A thread that could not even start is started again after this time: at once would spin, never would leave the replica not ready for good. */
const REFILL_AFTER_MS = 5000;

export type PoolParts = {
  readonly clock: Clock;
  /** How many threads wait warm, so that a simulation starts within milliseconds; more are started on demand and kept for one to two minutes. */
  readonly warmThreads: number;
  /** Told of a thread that broke, outside or inside of a job. */
  readonly onBroken: (cause: unknown) => void;
};

export class Pool {
  readonly #parts: PoolParts;
  readonly #all = new Set<Member>();
  /** Those of them that wait for work. */
  readonly #idle = new Set<Member>();
  readonly #opened = Promise.withResolvers<void>();
  /** The most that worked at the same time since the last look at it. */
  #mostAtWork = 0;
  #cancelLook: Cancel | undefined;
  #cancelRefill: Cancel | undefined;
  #threadsStarted = 0;
  #isClosing = false;

  /** Does not open it yet. */
  constructor(parts: PoolParts) {
    this.#parts = parts;
    // Told to whoever opens it; who waits to be lent a thread hears of it too, if there is anybody.
    this.#opened.promise.catch(() => {});
  }

  /** Starts the warm threads; resolves when they are ready, after some tenths of a second. Rejects with a Failure if they cannot be started. */
  open(): Promise<void> {
    this.#take(this.#parts.warmThreads).then((members) => {
      for (const member of members) this.#idle.add(member);
      this.#opened.resolve();
    }, this.#opened.reject);
    return this.#opened.promise;
  }

  /** Lends `count` warm threads as soon as the pool is open, after starting those that are missing. Rejects if a thread cannot be started. */
  async lend(count: number): Promise<readonly WorkerLease[]> {
    await this.#opened.promise;
    return this.#take(count);
  }

  /** Whether the threads that were to be kept warm are there, and have started. */
  isWhole(): boolean {
    return [...this.#all].filter(({ hasStarted }) => hasStarted).length >= this.#parts.warmThreads;
  }

  /**
   * Resolves when a thread that waits for work has shown that it would take it; at once where all of them work. One that
   * has not answered when the signal aborts is replaced.
   */
  async answers(signal: AbortSignal): Promise<void> {
    const [member] = this.#idle;
    if (member === undefined) return;
    this.#idle.delete(member);
    signal.addEventListener('abort', () => void member.terminate(), { once: true });
    const end = await member.run({ type: 'answer' });
    if (end.type === 'broken') throw end.cause;
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    this.#cancelRefill?.();
    this.#cancelLook?.();
    await Promise.all([...this.#all].map((member) => member.terminate()));
  }

  #startMember(): Member {
    const member = new Member({
      clock: this.#parts.clock,
      name: `simulation-${this.#threadsStarted}`,
      onFree: (free) => void (this.#all.has(free) && this.#idle.add(free)),
      onGone: (gone, cause) => this.#replace(gone, cause),
    });
    this.#threadsStarted += 1;
    this.#all.add(member);
    return member;
  }

  #replace(gone: Member, cause: unknown): void {
    // One that was let go has left already.
    if (!this.#forget(gone) || this.#isClosing) return;
    this.#parts.onBroken(cause);
    if (gone.hasStarted) this.#refill();
    else this.#refillLater();
  }

  #forget(member: Member): boolean {
    this.#idle.delete(member);
    return this.#all.delete(member);
  }

  async #take(count: number): Promise<readonly Member[]> {
    const taken = [...this.#idle].slice(0, count);
    for (const member of taken) this.#idle.delete(member);
    try {
      while (taken.length < count) taken.push(this.#startMember());
    } catch (cause) {
      // The system gives no more threads: what is there goes back.
      for (const member of taken) this.#comeBack(member);
      throw new Failure('worker-not-started', 'A worker thread could not be started.', { cause });
    } finally {
      this.#mostAtWork = Math.max(this.#mostAtWork, this.#all.size - this.#idle.size);
      this.#letGoLater();
    }
    const outcomes = await Promise.allSettled(taken.map((member) => member.warm));
    const broken = outcomes.find((result) => result.status === 'rejected');
    if (broken === undefined) return taken;
    for (const member of taken) if (this.#all.has(member)) this.#idle.add(member);
    throw broken.reason;
  }

  #letGoLater(): void {
    const { clock, warmThreads } = this.#parts;
    if (this.#isClosing || this.#all.size <= warmThreads) return;
    this.#cancelLook ??= clock.after(KEEP_MS, () => {
      this.#cancelLook = undefined;
      this.#letGo(Math.max(warmThreads, this.#mostAtWork));
      this.#mostAtWork = this.#all.size - this.#idle.size;
      this.#letGoLater();
    });
  }

  #letGo(kept: number): void {
    for (const member of this.#idle) {
      if (this.#all.size <= kept) return;
      this.#forget(member);
      void member.terminate();
    }
  }

  /** To those that wait for work, as soon as it is warm. */
  #comeBack(member: Member): void {
    member.warm.then(
      () => void (this.#all.has(member) && this.#idle.add(member)),
      () => {},
    );
  }

  /** Keeps the warm number. */
  #refill(): void {
    try {
      while (this.#all.size < this.#parts.warmThreads) this.#comeBack(this.#startMember());
    } catch (cause) {
      this.#parts.onBroken(cause);
      this.#refillLater();
    }
  }

  #refillLater(): void {
    if (this.#isClosing) return;
    this.#cancelRefill ??= this.#parts.clock.after(REFILL_AFTER_MS, () => {
      this.#cancelRefill = undefined;
      this.#refill();
    });
  }
}
