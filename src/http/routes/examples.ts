/** Example answers for the OpenAPI document, taken from a running service; the contract test checks them against the schemas. */
import type { AnyKind } from '#simulation/catalog.ts';
import { cpu } from '#simulation/kinds/cpu.ts';
import type { Simulation, SimulationSummary } from '#simulation/simulation.ts';

export const INFO_EXAMPLE = {
  name: 'skyops',
  version: '0.1.0',
  commit: null,
  started_at: '2026-01-31T12:00:00.000Z',
  uptime_seconds: 61.25,
  phase: 'ready',
};

/** The report of each kind, from its own example. */
export function reportExample({ name, example }: AnyKind): Simulation {
  const { request: _, ...report } = example;
  return {
    id: 'sim-5f0c2d9a41b7e863',
    kind: name,
    replica: 'skyops-5d4f8c7b9-x2x8q',
    state: 'ended',
    started_at: '2026-01-31T12:00:00.000Z',
    ends_at: '2026-01-31T12:00:10.000Z',
    ended_at: '2026-01-31T12:00:10.001Z',
    ended_because: 'completed',
    ...report,
    progress: { ratio: 1, remaining_seconds: 0 },
    throttled_seconds: 0,
    // Name and report of one kind belong together; the compiler cannot follow that through a union.
  } as unknown as Simulation;
}

/** As a start is answered: nothing has been delivered yet. */
export function progressExample(kind: AnyKind): Simulation {
  const report = reportExample(kind);
  return {
    ...report,
    state: 'running',
    ended_at: null,
    ended_because: null,
    delivered: Object.fromEntries(
      Object.entries(report.delivered).map(([name, value]) => [name, typeof value === 'number' ? 0 : value]),
    ),
    accuracy: null,
    progress: { ratio: 0, remaining_seconds: report.granted.seconds },
    samples: [],
  } as unknown as Simulation;
}

export const REPORT_EXAMPLE = reportExample(cpu);
export const PROGRESS_EXAMPLE = progressExample(cpu);

const { samples: _, ...summary } = PROGRESS_EXAMPLE;
export const SUMMARY_EXAMPLE = summary as SimulationSummary;

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
  simulations: {
    running_count: 1,
    maximum_count: 16,
    cores_in_use: 2,
    cores_grantable: 1.8,
    memory_in_use_bytes: 0,
    memory_grantable_bytes: 125_829_120,
    running: [SUMMARY_EXAMPLE],
  },
};
