/** GET /status: one snapshot of everything that a person asks first when something looks odd. */
import { rfc3339 } from '#foundation/clock.ts';
import { rounded } from '#foundation/scalars.ts';
import type { Engine } from '#simulation/engine.ts';
import type { Identity } from '#usage/identity.ts';
import type { Sampler, UsageSnapshot } from '#usage/sampler.ts';
import { loosen } from '../wire/response-headers.ts';
import { STATUS_EXAMPLE } from './examples.ts';
import { type ServiceParts, serviceInfo } from './info.ts';
import { jsonRepresentation, REVALIDATED_BY_ONE, sendRepresentation } from './representation.ts';
import { json, notModified, problems, type Route } from './route.ts';
import { Status } from './status-schema.ts';

export type StatusParts = ServiceParts & {
  readonly sampler: Sampler;
  readonly engine: Engine;
  readonly identity: Identity;
  readonly environment: Readonly<Record<string, string>>;
  readonly pid: number;
};

export function statusRoute(parts: StatusParts): Route {
  return (app) => {
    app.get(
      '/status',
      {
        config: { access: 'viewer' },
        schema: {
          operationId: 'getStatus',
          tags: ['observing'],
          summary: 'Snapshot',
          description: 'What this replica uses and may use, and which simulations run.',
          response: { 200: json('The snapshot.', Status, STATUS_EXAMPLE), ...notModified, ...problems() },
        },
      },
      async (request, reply) =>
        sendRepresentation(request, loosen(reply, REVALIDATED_BY_ONE), jsonRepresentation(statusOf(parts))),
    );
  };
}

function statusOf(parts: StatusParts): Status {
  const usage = parts.sampler.latest();
  return {
    taken_at: rfc3339(usage.takenEpochMs),
    service: {
      ...serviceInfo(parts),
      pod: {
        name: parts.identity.podName,
        namespace: parts.identity.podNamespace,
        ip: parts.identity.podIp,
        node: parts.identity.nodeName,
      },
    },
    process: { pid: parts.pid, runtime: parts.build.runtime, ...processOf(usage) },
    system: systemOf(usage),
    container: containerOf(usage),
    environment: { ...parts.environment },
    simulations: simulationsOf(parts.engine),
  };
}

function processOf({ process, eventLoop }: UsageSnapshot) {
  return {
    cpu_percent: rounded(process.cpuPercent, 1),
    cpu_seconds: rounded(process.cpuSeconds, 3),
    memory_rss_bytes: process.memoryRssBytes,
    memory_heap_used_bytes: process.heapUsedBytes,
    memory_heap_total_bytes: process.heapTotalBytes,
    memory_external_bytes: process.externalBytes,
    event_loop: {
      utilization_ratio: rounded(eventLoop.utilizationRatio, 4),
      delay_mean_ms: rounded(eventLoop.delayMeanMs, 3),
      delay_p99_ms: rounded(eventLoop.delayP99Ms, 3),
      delay_max_ms: rounded(eventLoop.delayMaxMs, 3),
    },
  };
}

function systemOf({ system }: UsageSnapshot): Status['system'] {
  return {
    hostname: system.hostname,
    platform: system.platform,
    architecture: system.architecture,
    kernel: system.kernel,
    cpus: system.cpus,
    load_average: system.loadAverage.map((load) => rounded(load, 2)),
    memory_total_bytes: system.memoryTotalBytes,
    memory_available_bytes: system.memoryAvailableBytes,
    uptime_seconds: system.uptimeSeconds,
  };
}

function containerOf({ container }: UsageSnapshot): Status['container'] {
  return {
    cgroup_version: container.cgroupVersion,
    cpu: {
      limit_cores: container.cpuLimitCores,
      usage_seconds: container.cpuUsageSeconds,
      periods: container.cpuPeriods,
      throttled_periods: container.cpuThrottledPeriods,
      throttled_seconds: container.cpuThrottledSeconds,
    },
    memory: {
      limit_bytes: container.memoryLimitBytes,
      usage_bytes: container.memoryUsageBytes,
      working_set_bytes: container.memoryWorkingSetBytes,
      oom_kills: container.memoryOomKills,
    },
    pids: { limit: container.pidsLimit, current: container.pids },
  };
}

function simulationsOf(engine: Engine): Status['simulations'] {
  const usage = engine.usage();
  return {
    running_count: usage.running,
    maximum_count: usage.maxRunning,
    cores_in_use: rounded(usage.coresInUse, 4),
    cores_grantable: rounded(usage.coresGrantable, 4),
    memory_in_use_bytes: usage.memoryBytesInUse,
    memory_grantable_bytes: Math.floor(usage.memoryBytesGrantable),
    running: [...engine.running()],
  };
}
