/** Reads how busy the event loop of the main thread is and how long one turn of it keeps the others waiting. */
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import type { Reader } from '../reader.ts';

/** All of it since the reading before. */
export type EventLoopReading = {
  /** Part of the time in which the loop was busy, 0 to 1. */
  readonly utilizationRatio: number;
  /** How long one turn of the loop took; whatever falls due meanwhile is that late. */
  readonly delayMeanMs: number;
  readonly delayP99Ms: number;
  readonly delayMaxMs: number;
};

/** The reader covers the time since its last reading, so exactly one owner may read it: the sampler. */
export function createEventLoopReader(): Reader<EventLoopReading> & { readonly close: () => void } {
  // Measured turn by turn. The other way, a timer, wakes an idle process, and its grid hides what is shorter.
  const delay = monitorEventLoopDelay({ samplePerIteration: true });
  delay.enable();
  let before = performance.eventLoopUtilization();
  const milliseconds = (nanoseconds: number) => (delay.count > 0 ? nanoseconds / 1e6 : 0);
  return {
    name: 'event-loop',
    read: () => {
      const now = performance.eventLoopUtilization();
      const { utilization } = performance.eventLoopUtilization(now, before);
      before = now;
      const reading = {
        utilizationRatio: Number.isFinite(utilization) ? utilization : 0,
        delayMeanMs: milliseconds(delay.mean),
        delayP99Ms: milliseconds(delay.percentile(99)),
        delayMaxMs: milliseconds(delay.max),
      };
      delay.reset();
      return reading;
    },
    close: () => delay.disable(),
  };
}
