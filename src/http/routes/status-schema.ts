/** What /status says, field by field. */
import Type from 'typebox';
import { nullable, timestamp } from '#foundation/scalars.ts';
import { SimulationSummary } from '#simulation/simulation.ts';
import { ServiceInfo } from './info.ts';
import { shared } from './route.ts';

const bytes = () => Type.Integer({ minimum: 0 });
const count = () => Type.Integer({ minimum: 0 });

export const Status = Type.Object(
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
          description: 'The most that all simulations together may use now.',
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

export type Status = Type.Static<typeof Status>;
