/** What can be said of one simulation, while it runs and after: the progress and the report have the same fields. */
import Type, { type TProperties } from 'typebox';
import { nullable, timestamp } from '#foundation/scalars.ts';
import { type AnyKind, kinds } from './catalog.ts';
import type { Kind } from './kind.ts';
import { ENDINGS, type Ending } from './report.ts';

/** What every kind says. */
type Common = {
  readonly id: string;
  readonly replica: string;
  readonly state: 'running' | 'ended';
  readonly started_at: string;
  readonly ends_at: string;
  readonly ended_at: string | null;
  readonly ended_because: Ending | null;
  readonly progress: { readonly ratio: number; readonly remaining_seconds: number };
  readonly accuracy: number | null;
  readonly throttled_seconds: number | null;
};

type SummaryOf<K> =
  K extends Kind<infer Name, infer Of, string>
    ? Common & {
        readonly kind: Name;
        readonly requested: Of['requested'];
        readonly granted: Of['granted'];
        readonly delivered: Of['delivered'];
      }
    : never;
type SimulationOf<K> =
  K extends Kind<string, infer Of, string> ? SummaryOf<K> & { readonly samples: readonly Of['sample'][] } : never;

/** A simulation without its samples. */
export type SimulationSummary = SummaryOf<AnyKind>;
/** Progress while it runs, the report once it has ended. */
export type Simulation = SimulationOf<AnyKind>;

const beforeTheReport = (kind: string) => ({
  id: Type.String({
    pattern: '^sim-[0-9a-f]{16}$',
    description: 'Id of a simulation, as the start answered it.',
    examples: ['sim-5f0c2d9a41b7e863'],
  }),
  kind: Type.Literal(kind),
  replica: Type.String({ description: 'Which replica runs it: the name of its pod, or of its host.' }),
  state: Type.Enum(['running', 'ended']),
  started_at: timestamp(),
  ends_at: timestamp('When it ends by itself at the latest.'),
  ended_at: nullable(timestamp()),
  ended_because: nullable(
    Type.Enum([...ENDINGS], {
      title: 'Ending',
      description:
        'completed: the time was up · cancelled: somebody asked · client_gone: the waiting caller hung up · draining: the service stops · memory_pressure: going on would have risked an OOM kill · failed: a thread broke, the log says why.',
    }),
  ),
});

const afterTheReport = {
  progress: Type.Object(
    {
      ratio: Type.Number({ minimum: 0, maximum: 1, description: 'Part of the granted time that has passed.' }),
      remaining_seconds: Type.Number({ minimum: 0 }),
    },
    { title: 'Progress' },
  ),
  accuracy: nullable(Type.Number({ description: 'Delivered over granted, for the time that it ran; 1 is exact.' })),
  throttled_seconds: nullable(
    Type.Number({
      description: 'How long the kernel stopped this container meanwhile, by its CPU quota; null without cgroups.',
    }),
  ),
};

const propertiesOf = ({ name, report: { requested, granted, delivered } }: AnyKind): TProperties => ({
  ...beforeTheReport(name),
  requested,
  granted,
  delivered,
  ...afterTheReport,
});

/** As the name of a component: `cpu` as in CpuSimulation. */
export const capitalised = (name: string) => name.charAt(0).toUpperCase() + name.slice(1);

/** One form for each kind, told apart by `kind`. */
const oneOf = (name: string, propertiesFor: (kind: AnyKind) => TProperties) => ({
  type: 'object',
  discriminator: { propertyName: 'kind' },
  required: ['kind'],
  oneOf: kinds.map((kind) => Type.Object(propertiesFor(kind), { title: `${capitalised(kind.name)}${name}` })),
});

export const SimulationSummary = Type.Unsafe<SimulationSummary>({
  $id: 'SimulationSummary',
  description: 'A simulation without its samples.',
  ...oneOf('SimulationSummary', propertiesOf),
});

export const Simulation = Type.Unsafe<Simulation>({
  $id: 'Simulation',
  description: 'Progress while it runs, the report once it has ended.',
  ...oneOf('Simulation', (kind) => ({
    ...propertiesOf(kind),
    samples: Type.Array(kind.report.sample, { description: 'What was delivered over time, at most 600 values.' }),
  })),
});
