/** The warm worker threads: lends them to simulations, takes them back, and replaces the ones that break. */
import { Worker } from 'node:worker_threads';
import type { Cancel, Clock } from '#foundation/clock.ts';
import { Failure } from '#foundation/failure.ts';
import { type Job, SharedState, type ThreadMessage } from './job.ts';

/**
 * A thread that has not stopped this long after it was told to, and gives no memory back meanwhile, is terminated. One that burns
 * takes under 1 ms, one that holds 256 MiB 40 ms (measured).
 */
const TERMINATE_AFTER_MS = 250;

/**
 * Threads beyond the warm ones are let go when for this long, counted from one look to the next, fewer worked at the same time. A load
 * that is cut into pieces comes again within seconds, and a new thread costs 0.2 s of CPU time: 800m over three replicas came out at
 * 1.15 cores when they were let go at once (measured). For that time each keeps its 6 to 8 MB. It is their number that is kept, not each
 * of them since its own last work: in turn, a small load would keep them all for good.
 */
const KEEP_MS = 60_000;

/** A thread that could not even start is started again after this time: at once would spin, never would leave the replica not ready for good. */
const REFILL_AFTER_MS = 5000;

/** How a job ended. A thread that breaks ends its job, never the process. */
type JobEnd = { readonly type: 'done' } | { readonly type: 'broken'; readonly cause: unknown };

/** A lent thread. It goes back to the pool by itself when its job is over. */
export type WorkerLease = {
  readonly run: (job: Job) => Promise<JobEnd>;
  /** Ends the job now; harmless when it is over. */
  readonly stop: () => void;
  /** What the thread tells of its job without being asked. */
  readonly state: Pick<SharedState, 'delivered' | 'due' | 'level' | 'peak' | 'ceiling'>;
};

export type Pool = {
  /** Starts the warm threads; resolves when they are ready, after some tenths of a second. Rejects with a Failure if they cannot be started. */
  readonly open: () => Promise<void>;
  /** Lends `count` warm threads as soon as the pool is open, after starting those that are missing. Rejects if a thread cannot be started. */
  readonly lend: (count: number) => Promise<readonly WorkerLease[]>;
  /** Whether the threads that were to be kept warm are there, and have started. */
  readonly isWhole: () => boolean;
  /**
   * Resolves when a thread that waits for work has shown that it would take it; at once where all of them work. One that
   * has not answered when the signal aborts is replaced.
   */
  readonly answers: (signal: AbortSignal) => Promise<void>;
  readonly close: () => Promise<void>;
};

type Member = WorkerLease & { readonly warm: Promise<void>; readonly terminate: () => Promise<unknown> };

export type PoolParts = {
  readonly clock: Clock;
  /** How many threads wait warm, so that a simulation starts within milliseconds; more are started on demand and kept for one to two minutes. */
  readonly warmThreads: number;
  /** Told of a thread that broke, outside or inside of a job. */
  readonly onBroken: (cause: unknown) => void;
};

/** Does not open it yet. */
export function createPool({ clock, warmThreads, onBroken }: PoolParts): Pool {
  const idle = new Set<Member>();
  const all = new Set<Member>();
  /** Those of them that have started. */
  const started = new Set<Member>();
  /** The most that worked at the same time since the last look at it. */
  let mostAtWork = 0;
  let cancelLook: Cancel | undefined;
  let threadsStarted = 0;
  let closing = false;
  let cancelRefill: Cancel | undefined;

  function startMember(): Member {
    const state = new SharedState();
    const worker = new Worker(new URL('./thread.ts', import.meta.url), {
      name: `simulation-${threadsStarted}`,
      workerData: state.buffer,
      // The thread holds no data; a heap beyond this is a defect and ends the thread alone.
      resourceLimits: { maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 1 },
    });
    threadsStarted += 1;
    let settle: ((end: JobEnd) => void) | undefined;
    let cancelTermination = () => {};
    const { promise: warm, resolve: nowWarm, reject: neverWarm } = Promise.withResolvers<void>();

    const leave = (cause: unknown) => {
      cancelTermination();
      if (!all.delete(member)) return;
      const hasStarted = started.delete(member);
      idle.delete(member);
      neverWarm(new Failure('worker-not-started', 'A worker thread ended before it was ready.', { cause }));
      settle?.({ type: 'broken', cause });
      if (closing) return;
      onBroken(cause);
      if (hasStarted) refill();
      else refillLater();
    };

    worker.on('message', (message: ThreadMessage) => {
      if (message.type === 'ready') {
        started.add(member);
        nowWarm();
        return;
      }
      cancelTermination();
      idle.add(member);
      settle?.({ type: 'done' });
    });
    worker.on('error', leave);
    worker.on('exit', (code) => leave(new Error(`worker thread exited with code ${code}`)));

    function terminateUnlessItEnds(level: number): void {
      cancelTermination();
      if (!all.has(member) || idle.has(member)) return;
      cancelTermination = clock.after(TERMINATE_AFTER_MS, () => {
        if (state.level < level) terminateUnlessItEnds(state.level);
        else void worker.terminate();
      });
    }

    const member: Member = {
      warm,
      terminate: () => worker.terminate(),
      run: (job) =>
        new Promise((resolve) => {
          settle = resolve;
          if (!all.has(member)) return resolve({ type: 'broken', cause: new Error('worker thread is gone') });
          worker.postMessage(job);
          state.summon();
        }),
      stop: () => {
        state.stop();
        terminateUnlessItEnds(state.level);
      },
      state,
    };
    all.add(member);
    return member;
  }

  function letGoLater(): void {
    if (closing || all.size <= warmThreads) return;
    cancelLook ??= clock.after(KEEP_MS, () => {
      cancelLook = undefined;
      letGo(Math.max(warmThreads, mostAtWork));
      mostAtWork = all.size - idle.size;
      letGoLater();
    });
  }

  function letGo(kept: number): void {
    for (const member of idle) {
      if (all.size <= kept) return;
      idle.delete(member);
      all.delete(member);
      started.delete(member);
      void member.terminate();
    }
  }

  /** To those that wait for work, as soon as it is warm. */
  function comeBack(member: Member): void {
    member.warm.then(
      () => void (all.has(member) && idle.add(member)),
      () => {},
    );
  }

  /** Keeps the warm number. */
  function refill(): void {
    try {
      while (all.size < warmThreads) comeBack(startMember());
    } catch (cause) {
      onBroken(cause);
      refillLater();
    }
  }

  function refillLater(): void {
    if (closing) return;
    cancelRefill ??= clock.after(REFILL_AFTER_MS, () => {
      cancelRefill = undefined;
      refill();
    });
  }

  async function take(count: number): Promise<readonly Member[]> {
    const taken = [...idle].slice(0, count);
    for (const member of taken) idle.delete(member);
    try {
      while (taken.length < count) taken.push(startMember());
    } catch (cause) {
      // The system gives no more threads: what is there goes back.
      for (const member of taken) comeBack(member);
      throw new Failure('worker-not-started', 'A worker thread could not be started.', { cause });
    } finally {
      mostAtWork = Math.max(mostAtWork, all.size - idle.size);
      letGoLater();
    }
    const outcomes = await Promise.allSettled(taken.map((member) => member.warm));
    const broken = outcomes.find((result) => result.status === 'rejected');
    if (broken === undefined) return taken;
    for (const member of taken) if (all.has(member)) idle.add(member);
    throw broken.reason;
  }

  const opened = Promise.withResolvers<void>();
  // Told to whoever opens it; who waits to be lent a thread hears of it too, if there is anybody.
  opened.promise.catch(() => {});

  return {
    open: () => {
      take(warmThreads).then((members) => {
        for (const member of members) idle.add(member);
        opened.resolve();
      }, opened.reject);
      return opened.promise;
    },
    lend: async (count) => {
      await opened.promise;
      return take(count);
    },
    isWhole: () => started.size >= warmThreads,
    answers: async (signal) => {
      const [member] = idle;
      if (member === undefined) return;
      idle.delete(member);
      signal.addEventListener('abort', () => void member.terminate(), { once: true });
      const end = await member.run({ type: 'answer' });
      if (end.type === 'broken') throw end.cause;
    },
    close: async () => {
      closing = true;
      cancelRefill?.();
      cancelLook?.();
      await Promise.all([...all].map((member) => member.terminate()));
    },
  };
}
