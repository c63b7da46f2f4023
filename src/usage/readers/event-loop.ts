/** Reads how busy the event loop of the main thread is and how late its timers fire. */
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import type { Reader } from '../reader.ts';

export type EventLoopReading = {
  /** Part of the time since the reading before in which the loop was busy, 0 to 1. */
  readonly utilizationRatio: number;
  /** How late timers fired since the reading before. */
  readonly delayMeanMs: number;
  readonly delayP99Ms: number;
  readonly delayMaxMs: number;
};

/** A finer grid would see shorter delays and wake an idle process more often: every millisecond of that is load that nobody asked for. */
const RESOLUTION_MS = 500;

/** The reader covers the time since its last reading, so exactly one owner may read it: the sampler. */
export function createEventLoopReader(): Reader<EventLoopReading> & { readonly close: () => void } {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  let before = performance.eventLoopUtilization();
  // The histogram holds the whole interval between two ticks; what is beyond the resolution is the delay.
  const beyondResolutionMs = (nanoseconds: number) =>
    Number.isFinite(nanoseconds) ? Math.max(0, nanoseconds / 1e6 - RESOLUTION_MS) : 0;
  return {
    name: 'event-loop',
    read: () => {
      const now = performance.eventLoopUtilization();
      const { utilization } = performance.eventLoopUtilization(now, before);
      before = now;
      const reading = {
        utilizationRatio: Number.isFinite(utilization) ? utilization : 0,
        delayMeanMs: beyondResolutionMs(delay.mean),
        delayP99Ms: beyondResolutionMs(delay.percentile(99)),
        delayMaxMs: delay.count > 0 ? beyondResolutionMs(delay.max) : 0,
      };
      delay.reset();
      return reading;
    },
    close: () => delay.disable(),
  };
}
