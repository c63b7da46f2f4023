/** What can be said of one simulation, while it runs and after: the progress and the report are the same words. */
import Type, { type Static } from 'typebox';
import { nullable, Timestamp } from '#foundation/scalars.ts';
import { KIND_NAMES } from './catalog.ts';
import { CpuGranted, CpuRequested } from './kinds/cpu.ts';
import { ENDINGS, Sample } from './report.ts';

const SimulationId = Type.String({
  pattern: '^sim-[0-9a-f]{16}$',
  description: 'Id of a simulation, as the start answered it.',
  examples: ['sim-5f0c2d9a41b7e863'],
});

const progressAndReport = {
  id: SimulationId,
  kind: Type.Enum(KIND_NAMES),
  state: Type.Enum(['running', 'ended']),
  started_at: Timestamp,
  ends_at: Type.Union([Timestamp], { description: 'When it ends by itself at the latest.' }),
  ended_at: nullable(Timestamp),
  ended_because: nullable(
    Type.Enum([...ENDINGS], {
      description:
        'completed: the time was up · cancelled: somebody asked · client_gone: the waiting caller hung up · draining: the service stops · failed: a thread broke, the log says why.',
    }),
  ),
  requested: CpuRequested,
  granted: CpuGranted,
  delivered: Type.Object({
    seconds: Type.Number({ description: 'How long it ran.' }),
    cores: Type.Number({ description: 'Mean over that time.' }),
    core_seconds: Type.Number({ description: 'CPU time that the kernel accounted to its threads.' }),
  }),
  progress: Type.Object({
    ratio: Type.Number({ minimum: 0, maximum: 1, description: 'Part of the granted time that has passed.' }),
    remaining_seconds: Type.Number({ minimum: 0 }),
  }),
  accuracy: nullable(Type.Number({ description: 'Delivered over granted, for the time that it ran; 1 is exact.' })),
  throttled_seconds: nullable(
    Type.Number({
      description: 'How long the kernel stopped this container meanwhile, by its CPU quota; null without cgroups.',
    }),
  ),
};

/** One simulation in a list. */
export const SimulationSummary = Type.Object(progressAndReport, {
  $id: 'SimulationSummary',
  description: 'A simulation without its samples.',
});
export type SimulationSummary = Static<typeof SimulationSummary>;

export const Simulation = Type.Object(
  {
    ...progressAndReport,
    samples: Type.Array(Sample, { description: 'Delivered cores over time, at most 600 values.' }),
  },
  { $id: 'Simulation', description: 'Progress while it runs, the report once it has ended.' },
);
export type Simulation = Static<typeof Simulation>;
