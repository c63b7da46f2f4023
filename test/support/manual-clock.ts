/** A clock that stands still until a test moves it. */
import type { Clock } from '#foundation/clock.ts';

export type ManualClock = Clock & {
  /** Moves time on and fires what falls due on the way, in order, letting promises settle in between. */
  readonly advance: (milliseconds: number) => Promise<void>;
  /** Moves time on while nothing runs; what has fallen due meanwhile fires late, and once, at the next advance. */
  readonly freeze: (milliseconds: number) => void;
  /** How many timers are armed; 0 means that nothing would keep the process alive. */
  readonly armed: () => number;
};

type Timer = { dueMs: number; readonly periodMs: number | undefined; readonly run: () => void };

export function createManualClock(epochMs = Date.UTC(2026, 0, 31, 12)): ManualClock {
  let nowMs = 0;
  const timers = new Set<Timer>();
  const arm = (timer: Timer) => {
    timers.add(timer);
    return () => void timers.delete(timer);
  };
  return {
    monotonicMs: () => nowMs,
    epochMs: () => epochMs + nowMs,
    after: (delayMs, run) => arm({ dueMs: nowMs + delayMs, periodMs: undefined, run }),
    every: (periodMs, run) => arm({ dueMs: nowMs + periodMs, periodMs, run }),
    everyAligned: (periodMs, run) => arm({ dueMs: (Math.floor(nowMs / periodMs) + 1) * periodMs, periodMs, run }),
    freeze: (milliseconds) => {
      nowMs += milliseconds;
    },
    armed: () => timers.size,
    advance: async (milliseconds) => {
      const untilMs = nowMs + milliseconds;
      for (;;) {
        await settle();
        const next = [...timers].filter(({ dueMs }) => dueMs <= untilMs).toSorted((a, b) => a.dueMs - b.dueMs)[0];
        if (next === undefined) break;
        nowMs = Math.max(nowMs, next.dueMs);
        if (next.periodMs === undefined) timers.delete(next);
        else while (next.dueMs <= nowMs) next.dueMs += next.periodMs;
        next.run();
      }
      nowMs = untilMs;
      await settle();
    },
  };
}

/** Chains of promises are a few links long; one turn of the real loop lets all of them run. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
