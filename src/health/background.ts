/** Makes a check that takes time into a probe that does not: it runs on a timer, and the probe says what came out last. */
import type { Cancel, Clock } from '#foundation/clock.ts';
import { OK, type Probe, type Verdict } from './probe.ts';

export type BackgroundCheck = {
  readonly name: string;
  /** Resolves if all is well, rejects if not; once the signal aborts, nobody waits for it any more. */
  readonly run: (signal: AbortSignal) => Promise<void>;
};

/** A thread that hangs is rare, and each look wakes an idle process. */
const PERIOD_MS = 30_000;
/**
 * A replica that was frozen for a moment answers late once, and must not be without traffic for a period because of it. Twice as long
 * after each further failure, up to a period: a check may restart what does not answer, which costs what is short already.
 */
const FIRST_RETRY_MS = 1000;
/** The kubelet gives a probe one second by default; what takes longer here is broken. */
const TIMEOUT_MS = 1000;

export type BackgroundProbe = Probe & { readonly stop: Cancel };

/** However many ask at the same time, the check runs once a period, and more often only for a while after it has failed; one that hangs fails after its timeout, and never hangs a probe. */
export function probeInBackground({ name, run }: BackgroundCheck, clock: Clock): BackgroundProbe {
  let verdict: Verdict = OK;
  let isRunning = false;
  let isStopped = false;
  let retryMs = FIRST_RETRY_MS;
  let cancelRetry: Cancel | undefined;

  function judge(next: Verdict): void {
    verdict = next;
    cancelRetry?.();
    cancelRetry = undefined;
    if (next.ok) retryMs = FIRST_RETRY_MS;
    else if (!isStopped && retryMs < PERIOD_MS) {
      cancelRetry = clock.after(retryMs, () => void check());
      retryMs *= 2;
    }
  }

  async function check(): Promise<void> {
    if (isRunning) return;
    isRunning = true;
    const timeout = new AbortController();
    const failed = { ok: false, reason: name } as const;
    const cancel = clock.after(TIMEOUT_MS, () => {
      timeout.abort();
      isRunning = false;
      judge(failed);
    });
    const outcome = await run(timeout.signal).then(
      () => OK,
      () => failed,
    );
    cancel();
    // A check that was given up has been judged already.
    if (timeout.signal.aborted) return;
    isRunning = false;
    judge(outcome);
  }

  const stopLooking = clock.everyAligned(PERIOD_MS, () => void check());
  const stop = () => {
    stopLooking();
    isStopped = true;
    cancelRetry?.();
  };
  return { name, evaluate: () => verdict, stop };
}
