/** What this process uses: CPU, memory and the event loop, from the latest readings. */
import type { Family } from '../family.ts';
import { gauges } from '../read-at-scrape.ts';

export const usageFamily: Family = (registry, { usage }) => {
  gauges(registry, {
    skyops_cpu_percent: [
      'CPU time used since the reading before (1 to 60 s), 100 is one core. Alert on process_cpu_seconds_total instead: it leaves no time out.',
      () => usage().process.cpuPercent,
    ],
    skyops_memory_rss_bytes: [
      'Memory that is resident; the same as process_resident_memory_bytes.',
      () => usage().process.memoryRssBytes,
    ],
    skyops_event_loop_utilization_ratio: [
      'Part of the time since the reading before in which the event loop was busy.',
      () => usage().eventLoop.utilizationRatio,
    ],
    skyops_event_loop_delay_p99_seconds: [
      'How long one turn of the event loop took since the reading before, 99th percentile.',
      () => usage().eventLoop.delayP99Ms / 1000,
    ],
    skyops_event_loop_delay_mean_seconds: [
      'How long one turn of the event loop took since the reading before, mean.',
      () => usage().eventLoop.delayMeanMs / 1000,
    ],
    skyops_event_loop_delay_max_seconds: [
      'How long the longest turn of the event loop took since the reading before.',
      () => usage().eventLoop.delayMaxMs / 1000,
    ],
  });
  return {};
};
