/** Watches from a thread of its own whether the event loop still turns: nothing in a loop that stands still can tell. */
import { Worker } from 'node:worker_threads';
import type { Clock } from '#foundation/clock.ts';
import { numberSetting, type SettingValues } from '#foundation/setting.ts';

export const watchdogSettings = {
  stallTimeoutSeconds: numberSetting({
    variable: 'SKYOPS_STALL_TIMEOUT_SECONDS',
    meaning:
      'An event loop that has stood still for this long ends the process, with a line in the log that says where it stands; 0 watches nothing.',
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
  /** Fields of every log line, and where they go. */
  readonly base: Readonly<Record<string, string>>;
  readonly logFd: number;
};

/**
 * Periods are counted, not time: a process that was stopped by SIGSTOP, or a laptop that slept, has missed one beat, not
 * an hour of them. Few and long ones, because each wakes an idle process.
 */
const PATIENCE = 3;

/** Watches until the process ends. */
export function startWatchdog(
  clock: Clock,
  { stallTimeoutSeconds }: WatchdogSettings,
  log: Pick<WatchdogOrders, 'base' | 'logFd'>,
): void {
  if (stallTimeoutSeconds === 0) return;
  const periodMs = (stallTimeoutSeconds * 1000) / PATIENCE;
  const beats = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
  const count = new Int32Array(beats);
  const orders: WatchdogOrders = { beats, periodMs, patience: PATIENCE, ...log };
  const worker = new Worker(new URL('./watchdog-thread.ts', import.meta.url), {
    name: 'watchdog',
    workerData: orders,
    resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 1 },
  });
  worker.unref();
  clock.every(periodMs, () => Atomics.add(count, 0, 1));
}
