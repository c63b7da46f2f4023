/** Example answers for the OpenAPI document, taken from a running service; the contract test checks them against the schemas. */
import type { Simulation } from '#simulation/simulation.ts';

export const INFO_EXAMPLE = {
  name: 'skyops',
  version: '0.1.0',
  commit: null,
  started_at: '2026-01-31T12:00:00.000Z',
  uptime_seconds: 61.25,
  phase: 'ready',
};

const simulation = {
  id: 'sim-5f0c2d9a41b7e863',
  kind: 'cpu',
  started_at: '2026-01-31T12:00:00.000Z',
  ends_at: '2026-01-31T12:00:10.000Z',
  requested: {
    seconds: 10,
    cpu: null,
    shape: { type: 'constant' as const },
    parallelism: 2,
    load: 1,
    saturate: false,
    cores: 2,
    core_seconds: 20,
  },
  granted: { seconds: 10, threads: 2, cores: 2, core_seconds: 20, limited_by: null },
  throttled_seconds: 0,
};

export const REPORT_EXAMPLE: Simulation = {
  ...simulation,
  state: 'ended',
  ended_at: '2026-01-31T12:00:10.001Z',
  ended_because: 'completed',
  delivered: { seconds: 10.001, cores: 1.997, core_seconds: 19.972 },
  progress: { ratio: 1, remaining_seconds: 0 },
  accuracy: 0.9986,
  samples: [
    { at_seconds: 1, cores: 1.996 },
    { at_seconds: 2, cores: 1.998 },
  ],
};

export const PROGRESS_EXAMPLE: Simulation = {
  ...simulation,
  state: 'running',
  ended_at: null,
  ended_because: null,
  delivered: { seconds: 1.5, cores: 1.997, core_seconds: 2.996 },
  progress: { ratio: 0.15, remaining_seconds: 8.5 },
  accuracy: 0.9985,
  samples: [{ at_seconds: 1, cores: 1.996 }],
};

const { samples: _, ...summary } = PROGRESS_EXAMPLE;
export const SUMMARY_EXAMPLE = summary;

export const STATUS_EXAMPLE = {
  taken_at: '2026-01-31T12:01:01.000Z',
  service: {
    ...INFO_EXAMPLE,
    pod: { name: 'skyops-5d4f8c7b9-x2x8q', namespace: 'default', ip: '10.244.0.17', node: 'node-1' },
  },
  process: {
    pid: 1,
    runtime: 'node v26.10.0',
    cpu_percent: 199.8,
    cpu_seconds: 4.213,
    memory_rss_bytes: 118_489_088,
    memory_heap_used_bytes: 21_037_864,
    memory_heap_total_bytes: 24_981_504,
    memory_external_bytes: 3_104_110,
    event_loop: { utilization_ratio: 0.0041, delay_mean_ms: 0.062, delay_p99_ms: 0.37, delay_max_ms: 0.41 },
  },
  system: {
    hostname: 'skyops-5d4f8c7b9-x2x8q',
    platform: 'linux',
    architecture: 'x64',
    kernel: '6.12.0',
    cpus: 4,
    load_average: [1.2, 0.8, 0.5],
    memory_total_bytes: 16_777_216_000,
    memory_available_bytes: 9_126_805_504,
    uptime_seconds: 86_400,
  },
  container: {
    cgroup_version: 2,
    cpu: { limit_cores: 2, usage_seconds: 4.3, periods: 610, throttled_periods: 0, throttled_seconds: 0 },
    memory: { limit_bytes: 268_435_456, usage_bytes: 131_072_000, working_set_bytes: 124_780_544, oom_kills: 0 },
    pids: { limit: null, current: 14 },
  },
  environment: { SKYOPS_POD_NAME: 'skyops-5d4f8c7b9-x2x8q' },
  simulations: { running_count: 1, maximum_count: 16, cores_in_use: 2, cores_burnable: 1.8, running: [summary] },
};
