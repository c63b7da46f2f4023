/** How the process stops: what happens when, and when it is cut. It knows the order and the time, not the parts. */

import { type Clock, wait } from '#foundation/clock.ts';
import { integerSetting, numberSetting, type SettingValues } from '#foundation/setting.ts';
import { HURRY_MS } from './signals.ts';

export const drainSettings = {
  drainDelaySeconds: numberSetting({
    variable: 'SKYOPS_DRAIN_DELAY_SECONDS',
    meaning:
      'How long requests are still served after SIGTERM, so that load balancers notice that this replica leaves.',
    minimum: 0,
    maximum: 300,
    fallback: 5,
  }),
  drainTimeoutSeconds: numberSetting({
    variable: 'SKYOPS_DRAIN_TIMEOUT_SECONDS',
    meaning: 'How long open requests may take to finish after the drain delay, before they are cut.',
    minimum: 0,
    maximum: 3600,
    fallback: 20,
  }),
  terminationGraceSeconds: integerSetting<number | null>({
    variable: 'SKYOPS_TERMINATION_GRACE_SECONDS',
    meaning:
      "The pod's terminationGracePeriodSeconds less its preStop sleep, if known: a drain that does not fit is refused at start.",
    minimum: 1,
    maximum: 86_400,
    fallback: null,
  }),
};

export type DrainSettings = SettingValues<typeof drainSettings>;

/** What was cut closes within this time, or is not waited for. */
const CUT_MS = 250;
/** Everything is stopped, and the traces that wait are sent, within this time, or left as it is. */
export const DISPOSE_TIMEOUT_MS = 2000;
/** The last lines of the log get this long, whatever their reader does. */
export const LOG_FLUSH_TIMEOUT_MS = 1000;
/** As `LOG_FLUSH_TIMEOUT_MS`, for who has asked three times. */
export const ABORT_FLUSH_MS = 100;

/** Behind the drain timeout: the cut, what is stopped, the log; the rest is for a node that is busy with the end of other pods. */
const END_SECONDS = 4;

/** The longest that a whole stop takes, in seconds. */
function drainBudgetSeconds(settings: DrainSettings): number {
  return settings.drainDelaySeconds + settings.drainTimeoutSeconds + END_SECONDS;
}

/** The rule between the settings that none of them can check alone; the text of the error, or nothing. */
export function drainConflict(settings: DrainSettings): string | undefined {
  const grace = settings.terminationGraceSeconds;
  const budget = drainBudgetSeconds(settings);
  if (grace === null || budget <= grace) return undefined;
  return (
    `SKYOPS_DRAIN_DELAY_SECONDS (${settings.drainDelaySeconds}) + SKYOPS_DRAIN_TIMEOUT_SECONDS (${settings.drainTimeoutSeconds})` +
    ` + ${END_SECONDS} for the end is ${budget}, more than SKYOPS_TERMINATION_GRACE_SECONDS (${grace});` +
    ' Kubernetes would kill the process in the middle. Shorten the drain or raise terminationGracePeriodSeconds.'
  );
}

export type DrainParts = {
  readonly clock: Clock;
  readonly settings: DrainSettings;
  /** Aborts when somebody is in a hurry: the rest of the drain then has `HURRY_MS`. */
  readonly hurry: AbortSignal;
  /** Stops accepting and resolves when the last open request is answered. */
  readonly close: () => Promise<void>;
  /** Cuts what is still open and says what that was. */
  readonly cut: () => readonly string[];
};

/** What had to be cut; empty after a clean drain. */
export type DrainResult = { readonly cut: readonly string[] };

/**
 * Serves on for the drain delay, then closes, then waits for what is open, at the longest until the deadline.
 * The deadline is our own: after `server.close()` Node enforces neither requestTimeout nor headersTimeout,
 * so one client that stalls in the middle of a body would hold the process for ever (measured with Node 26).
 */
export async function drain(parts: DrainParts): Promise<DrainResult> {
  const { clock, settings, hurry } = parts;
  await wait(clock, settings.drainDelaySeconds * 1000, hurry);

  const finished = new AbortController();
  const closing = parts.close().then(() => finished.abort());
  const deadline = (async () => {
    const either = AbortSignal.any([finished.signal, hurry]);
    const ranOut = await wait(clock, settings.drainTimeoutSeconds * 1000, either);
    if (!ranOut && !finished.signal.aborted) await wait(clock, HURRY_MS, finished.signal);
  })();
  await Promise.race([closing, deadline]);
  if (finished.signal.aborted) return { cut: [] };

  const cut = parts.cut();
  // Cut connections close at once, but a handler that never settles must not hold the end back.
  await Promise.race([closing, wait(clock, CUT_MS, finished.signal)]);
  return { cut };
}
