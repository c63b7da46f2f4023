/** Watches from a thread of its own whether the event loop still turns: nothing in a loop that stands still can tell. */
import { Worker } from 'node:worker_threads';
import type { Clock } from '#foundation/clock.ts';
import { numberSetting, type SettingValues } from '#foundation/setting.ts';

export const watchdogSettings = {
  stallTimeoutSeconds: numberSetting({
    variable: 'SKYOPS_STALL_TIMEOUT_SECONDS',
    meaning:
      'An event loop that has stood still for this long, or at most twice as long, ends the process, with a line in the log that says where it stands; 0 watches nothing.',
    minimum: 0,
    maximum: 3600,
    fallback: 30,
  }),
};

export type WatchdogSettings = SettingValues<typeof watchdogSettings>;

/** What the thread is told at its start. */
export type WatchdogOrders = {
  /** Counted up by the main thread once a period. */
  readonly beats: SharedArrayBuffer;
  readonly periodMs: number;
  /** So many periods without a beat are a loop that stands still. */
  readonly patience: number;
  readonly stallTimeoutSeconds: number;
  /** Fields of every log line, and where they go. */
  readonly base: Readonly<Record<string, string>>;
  readonly logFd: number;
};

/**
 * Periods are counted, not time: a process that was stopped by SIGSTOP, or a laptop that slept, has missed one beat, not
 * an hour of them. Few and long ones, because each wakes an idle process.
 */
const PATIENCE = 3;

/** Watches until the process ends. @param onFailure told once if the watchdog itself breaks, after which nothing is watched. */
export function startWatchdog(
  clock: Clock,
  { stallTimeoutSeconds }: WatchdogSettings,
  log: Pick<WatchdogOrders, 'base' | 'logFd'>,
  onFailure: (cause: unknown) => void,
): void {
  if (stallTimeoutSeconds === 0) return;
  // The first of the periods may have started just before the loop froze.
  const periodMs = (stallTimeoutSeconds * 1000) / (PATIENCE - 1);
  const beats = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
  const count = new Int32Array(beats);
  const orders: WatchdogOrders = { beats, periodMs, patience: PATIENCE, stallTimeoutSeconds, ...log };
  const worker = new Worker(new URL('./watchdog-thread.ts', import.meta.url), {
    name: 'watchdog',
    workerData: orders,
    resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 1 },
  });
  worker.on('error', onFailure);
  worker.unref();
  clock.everyAligned(periodMs, () => Atomics.add(count, 0, 1));
}
