/** What this process uses: CPU, memory and the event loop, from the readings that are taken once a second. */
import type { Family } from '../family.ts';
import { gauges } from '../read-at-scrape.ts';

export const usageFamily: Family = (registry, { usage }) => {
  gauges(registry, {
    skyops_cpu_percent: [
      'CPU time used in the last second, 100 is one core. Alert on process_cpu_seconds_total instead: this is one second of many.',
      () => usage().process.cpuPercent,
    ],
    skyops_memory_rss_bytes: [
      'Memory that is resident; the same as process_resident_memory_bytes.',
      () => usage().process.memoryRssBytes,
    ],
    skyops_event_loop_utilization_ratio: [
      'Part of the last second in which the event loop was busy.',
      () => usage().eventLoop.utilizationRatio,
    ],
    skyops_event_loop_delay_p99_seconds: [
      'How late timers fired in the last second, 99th percentile.',
      () => usage().eventLoop.delayP99Ms / 1000,
    ],
  });
  return {};
};
