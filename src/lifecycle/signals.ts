/** What a signal to stop means, given those that came before; pure, main.ts obeys it. */

/**
 * - `drain`: the first signal; stop in good order.
 * - `ignore`: an echo of the first. A terminal signals the whole process group, so a wrapper that passes
 *   signals on delivers each of them twice.
 * - `hurry`: somebody is waiting; what is left of the drain is cut to `HURRY_MS`.
 * - `abort`: end at once, whatever is open.
 */
export type SignalMeaning = 'drain' | 'ignore' | 'hurry' | 'abort';

/**
 * Echoes of one key press arrive within milliseconds, a second thought takes longer. Who has had a second thought means
 * the third signal, and must not wait for longer than the hurry lasts.
 */
const ECHO_WINDOW_MS = { draining: 1000, hurrying: 200 };

/** Long enough to answer what is nearly done, short enough for the person who pressed the key again. */
export const HURRY_MS = 1000;

/** Gives the reader of signals: it is told when each one came, on a monotonic clock in milliseconds. */
export function createSignalReader(): (atMs: number) => SignalMeaning {
  let lastMs = 0;
  let stage: 'running' | 'draining' | 'hurrying' = 'running';
  return (atMs) => {
    if (stage === 'running') {
      stage = 'draining';
      lastMs = atMs;
      return 'drain';
    }
    if (atMs - lastMs < ECHO_WINDOW_MS[stage]) return 'ignore';
    if (stage === 'hurrying') return 'abort';
    stage = 'hurrying';
    lastMs = atMs;
    return 'hurry';
  };
}
