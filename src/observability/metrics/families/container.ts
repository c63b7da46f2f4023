/** The container's limits and what it uses of them, under cAdvisor's words where it has them. */
import type { Family } from '../family.ts';
import { counters, gauges } from '../read-at-scrape.ts';

export const containerFamily: Family = (registry, { usage }) => {
  const container = () => usage().container;
  gauges(registry, {
    skyops_container_cpu_quota_cores: [
      'CPU limit of this container; absent without one.',
      () => container().cpuLimitCores,
    ],
    skyops_container_memory_limit_bytes: [
      'Memory limit of this container; absent without one.',
      () => container().memoryLimitBytes,
    ],
    skyops_container_memory_working_set_bytes: [
      'Memory that cannot be dropped under pressure, as the kubelet counts it.',
      () => container().memoryWorkingSetBytes,
    ],
  });
  counters(registry, {
    skyops_container_cpu_usage_seconds_total: ['CPU time of this container.', () => container().cpuUsageSeconds],
    skyops_container_cpu_cfs_periods_total: [
      'Periods in which a CPU quota was enforced.',
      () => container().cpuPeriods,
    ],
    skyops_container_cpu_cfs_throttled_periods_total: [
      'Periods in which the quota was used up.',
      () => container().cpuThrottledPeriods,
    ],
    skyops_container_cpu_cfs_throttled_seconds_total: [
      'How long the kernel stopped this container for that.',
      () => container().cpuThrottledSeconds,
    ],
    skyops_container_memory_oom_kills_total: [
      'Processes of this container that the kernel killed for want of memory.',
      () => container().memoryOomKills,
    ],
  });
  return {};
};
