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
    skyops_container_memory_usage_bytes: [
      'All memory of this container, file cache included.',
      () => container().memoryUsageBytes,
    ],
    skyops_container_pids: ['Processes and threads of this container.', () => container().pids],
    skyops_container_pids_limit: ['The most that it may have; absent without a limit.', () => container().pidsLimit],
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
    skyops_container_pressure_cpu_waiting_seconds_total: [
      'Time in which some of this container waited for a CPU (PSI; absent in cgroup version 1, like the next five).',
      () => container().cpuPressureWaitingSeconds,
    ],
    skyops_container_pressure_cpu_stalled_seconds_total: [
      'Time in which all of this container waited for a CPU at once.',
      () => container().cpuPressureStalledSeconds,
    ],
    skyops_container_pressure_memory_waiting_seconds_total: [
      'Time in which some of this container waited for memory.',
      () => container().memoryPressureWaitingSeconds,
    ],
    skyops_container_pressure_memory_stalled_seconds_total: [
      'Time in which all of this container waited for memory at once.',
      () => container().memoryPressureStalledSeconds,
    ],
    skyops_container_pressure_io_waiting_seconds_total: [
      'Time in which some of this container waited for input or output.',
      () => container().ioPressureWaitingSeconds,
    ],
    skyops_container_pressure_io_stalled_seconds_total: [
      'Time in which all of this container waited for input or output at once.',
      () => container().ioPressureStalledSeconds,
    ],
  });
  return {};
};
