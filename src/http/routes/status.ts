/** GET /status: one snapshot of everything that a person asks first when something looks odd. */
import Type from 'typebox';
import { rfc3339 } from '#foundation/clock.ts';
import { nullable, rounded, timestamp } from '#foundation/scalars.ts';
import type { Engine } from '#simulation/engine.ts';
import { SimulationSummary } from '#simulation/simulation.ts';
import type { Identity } from '#usage/identity.ts';
import type { Sampler } from '#usage/sampler.ts';
import { loosen } from '../wire/response-headers.ts';
import { STATUS_EXAMPLE } from './examples.ts';
import { ServiceInfo, type ServiceParts, serviceInfo } from './info.ts';
import { jsonRepresentation, REVALIDATED_BY_ONE, sendRepresentation } from './representation.ts';
import { json, notModified, problems, type Route, shared } from './route.ts';

const bytes = () => Type.Integer({ minimum: 0 });
const count = () => Type.Integer({ minimum: 0 });

const Status = Type.Object(
  {
    taken_at: timestamp('When the readings were taken; at most a second ago.'),
    service: Type.Object(
      {
        ...ServiceInfo.properties,
        pod: Type.Object(
          {
            name: nullable(Type.String()),
            namespace: nullable(Type.String()),
            ip: nullable(Type.String()),
            node: nullable(Type.String()),
          },
          { title: 'Pod', description: 'From the downward API, null where it is not passed.' },
        ),
      },
      { title: 'ServiceStatus' },
    ),
    process: Type.Object(
      {
        pid: count(),
        runtime: Type.String(),
        cpu_percent: Type.Number({
          minimum: 0,
          description: 'Since the reading before, which is 1 to 60 s old; 100 is one core.',
        }),
        cpu_seconds: Type.Number({ minimum: 0, description: 'Since the start, all threads.' }),
        memory_rss_bytes: bytes(),
        memory_heap_used_bytes: bytes(),
        memory_heap_total_bytes: bytes(),
        memory_external_bytes: bytes(),
        event_loop: Type.Object(
          {
            utilization_ratio: Type.Number({ minimum: 0, maximum: 1, description: 'Since the reading before.' }),
            delay_mean_ms: Type.Number({ minimum: 0 }),
            delay_p99_ms: Type.Number({ minimum: 0 }),
            delay_max_ms: Type.Number({ minimum: 0 }),
          },
          { title: 'EventLoop' },
        ),
      },
      { title: 'ProcessStatus' },
    ),
    system: Type.Object(
      {
        hostname: Type.String(),
        platform: Type.String(),
        architecture: Type.String(),
        kernel: Type.String(),
        cpus: Type.Integer({ minimum: 1, description: 'That this process may run on.' }),
        load_average: Type.Array(Type.Number(), { description: 'Over 1, 5 and 15 minutes.' }),
        memory_total_bytes: bytes(),
        memory_available_bytes: bytes(),
        uptime_seconds: Type.Number({ minimum: 0 }),
      },
      { title: 'SystemStatus', description: 'The machine underneath; in a pod that is the node.' },
    ),
    container: Type.Object(
      {
        cgroup_version: nullable(Type.Integer({ minimum: 1, maximum: 2 })),
        cpu: Type.Object(
          {
            limit_cores: nullable(Type.Number({ minimum: 0 })),
            usage_seconds: nullable(Type.Number({ minimum: 0 })),
            periods: nullable(count()),
            throttled_periods: nullable(count()),
            throttled_seconds: nullable(Type.Number({ minimum: 0 })),
          },
          { title: 'ContainerCpu' },
        ),
        memory: Type.Object(
          {
            limit_bytes: nullable(bytes()),
            usage_bytes: nullable(bytes()),
            working_set_bytes: nullable(bytes()),
            oom_kills: nullable(count()),
          },
          { title: 'ContainerMemory' },
        ),
        pids: Type.Object({ limit: nullable(count()), current: nullable(count()) }, { title: 'ContainerPids' }),
      },
      {
        title: 'ContainerStatus',
        description: 'From the cgroup; null is a limit that is not set, or a value that the kernel does not give.',
      },
    ),
    environment: Type.Record(Type.String(), Type.String(), {
      description:
        'The documented variables that are set, of SKYOPS_ and of OpenTelemetry; no other one is ever shown, and no credential.',
    }),
    simulations: Type.Object(
      {
        running_count: count(),
        maximum_count: count(),
        cores_in_use: Type.Number({ minimum: 0 }),
        cores_grantable: Type.Number({
          minimum: 0,
          description: 'The most that all simulations together may burn now.',
        }),
        memory_in_use_bytes: bytes(),
        memory_grantable_bytes: Type.Integer({
          minimum: 0,
          description: 'The most that all simulations together may hold now, by what is free.',
        }),
        running: Type.Array(shared(SimulationSummary)),
      },
      { title: 'SimulationsStatus' },
    ),
  },
  { title: 'Status' },
);

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
      async (request, reply) => {
        const { takenEpochMs, process, eventLoop, system, container } = parts.sampler.latest();
        const usage = parts.engine.usage();
        const status: Type.Static<typeof Status> = {
          taken_at: rfc3339(takenEpochMs),
          service: {
            ...serviceInfo(parts),
            pod: {
              name: parts.identity.podName,
              namespace: parts.identity.podNamespace,
              ip: parts.identity.podIp,
              node: parts.identity.nodeName,
            },
          },
          process: {
            pid: parts.pid,
            runtime: parts.build.runtime,
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
          },
          system: {
            hostname: system.hostname,
            platform: system.platform,
            architecture: system.architecture,
            kernel: system.kernel,
            cpus: system.cpus,
            load_average: system.loadAverage.map((load) => rounded(load, 2)),
            memory_total_bytes: system.memoryTotalBytes,
            memory_available_bytes: system.memoryAvailableBytes,
            uptime_seconds: system.uptimeSeconds,
          },
          container: {
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
          },
          environment: { ...parts.environment },
          simulations: {
            running_count: usage.running,
            maximum_count: usage.maxRunning,
            cores_in_use: rounded(usage.coresInUse, 4),
            cores_grantable: rounded(usage.coresGrantable, 4),
            memory_in_use_bytes: usage.memoryBytesInUse,
            memory_grantable_bytes: Math.floor(usage.memoryBytesGrantable),
            running: parts.engine.list().filter(({ state }) => state === 'running'),
          },
        };
        return sendRepresentation(request, loosen(reply, REVALIDATED_BY_ONE), jsonRepresentation(status));
      },
    );
  };
}
