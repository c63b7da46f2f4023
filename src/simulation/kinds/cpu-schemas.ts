/** What is said about CPU load: the fields of a request, of the report, and an example of each. */
import Type, { type Static } from 'typebox';
import { CPU_PATTERN } from '#foundation/quantity.ts';
import { nullable } from '#foundation/scalars.ts';
import { CPU_LIMITS } from '../capacity/cpu.ts';
import type { Kind } from '../kind.ts';
import { CONSTANT } from '../shape.ts';
import { Shape } from '../shape-schema.ts';
import { secondsField } from './common.ts';

export const LEAST_LOAD = 0.01;
export const CPU_DEFAULTS = { seconds: 10, parallelism: 1, load: 1, saturate: false };

export const CpuRequest = Type.Object(
  {
    seconds: secondsField(CPU_DEFAULTS.seconds, 'How long'),
    cpu: Type.Optional(
      Type.Union([Type.String({ pattern: CPU_PATTERN }), Type.Number({ minimum: 0.001 })], {
        title: 'CpuAmount',
        description:
          'Exactly this much: `"250m"` or `1.5` cores as Kubernetes writes them, or `"70%"` of this container’s CPU limit. Granted whole or refused. Not together with another parallelism or load than 1.',
        examples: ['250m', 1.5, '70%'],
      }),
    ),
    shape: Type.Optional(Shape),
    parallelism: Type.Optional(
      Type.Integer({
        minimum: 1,
        description: `Flat out: how many threads are busy, each with at most one core; ${CPU_DEFAULTS.parallelism} by default, at most SKYOPS_MAX_CORES.`,
      }),
    ),
    load: Type.Optional(
      Type.Number({
        minimum: LEAST_LOAD,
        maximum: 1,
        description: `Flat out: part of one core that each thread uses; ${CPU_DEFAULTS.load} by default.`,
      }),
    ),
    saturate: Type.Optional(
      Type.Boolean({
        description:
          'Under a CPU quota: also use the reserve that keeps probes fast, so that the kernel throttles this container.',
      }),
    ),
  },
  {
    title: 'CpuSimulationRequest',
    additionalProperties: false,
    description: 'Every field may be left out; an empty body asks for the defaults.',
  },
);
export type CpuRequest = Static<typeof CpuRequest>;

const CpuRequested = Type.Object(
  {
    seconds: Type.Number({ description: 'As asked.' }),
    cpu: nullable(Type.Union([Type.String(), Type.Number()], { description: 'As asked; null for flat out.' })),
    shape: Shape,
    parallelism: nullable(Type.Integer({ description: 'As asked; null for an exact amount.' })),
    load: nullable(Type.Number({ description: 'As asked; null for an exact amount.' })),
    saturate: Type.Boolean({ description: 'As asked.' }),
    cores: Type.Number({ description: 'The most that is used at any time.' }),
    core_seconds: Type.Number({ description: 'What that is over the whole time, after the shape.' }),
  },
  { title: 'CpuRequested' },
);

const CpuGranted = Type.Object(
  {
    seconds: Type.Number({ description: 'How long it may run.' }),
    threads: Type.Integer({ description: 'How many threads are busy.' }),
    cores: Type.Number({ description: 'The most that they may use together.' }),
    core_seconds: Type.Number({ description: 'What that is over the whole time, after the shape.' }),
    limited_by: nullable(
      Type.Enum([...CPU_LIMITS], {
        title: 'CpuLimit',
        description:
          'Why this is less than asked: `cpus` this process may run on, the container’s `quota` less its reserve, or what is `running`. Never for an exact amount.',
      }),
    ),
  },
  { title: 'CpuGranted' },
);

const CpuDelivered = Type.Object(
  {
    seconds: Type.Number({ description: 'How long it ran.' }),
    cores: Type.Number({ description: 'Mean over that time.' }),
    core_seconds: Type.Number({ description: 'CPU time that the kernel accounted to its threads.' }),
  },
  { title: 'CpuDelivered' },
);

const CpuSample = Type.Object(
  {
    at_seconds: Type.Number({ minimum: 0, description: 'Seconds since the start.' }),
    cores: Type.Number({ minimum: 0, description: 'Mean cores delivered since the sample before.' }),
  },
  { title: 'CpuSample', description: 'One measured value; one a second, fewer in a long run.' },
);

export type CpuReport = {
  readonly requested: Static<typeof CpuRequested>;
  readonly granted: Static<typeof CpuGranted>;
  readonly delivered: Static<typeof CpuDelivered>;
  readonly sample: Static<typeof CpuSample>;
};

export const CPU_REPORT = { requested: CpuRequested, granted: CpuGranted, delivered: CpuDelivered, sample: CpuSample };

export const CPU_EXAMPLE: Kind<'cpu', CpuReport>['example'] = {
  request: { seconds: 10, parallelism: 2 },
  requested: {
    seconds: 10,
    cpu: null,
    shape: CONSTANT,
    parallelism: 2,
    load: 1,
    saturate: false,
    cores: 2,
    core_seconds: 20,
  },
  granted: { seconds: 10, threads: 2, cores: 2, core_seconds: 20, limited_by: null },
  delivered: { seconds: 10.001, cores: 1.997, core_seconds: 19.972 },
  accuracy: 0.9986,
  samples: [
    { at_seconds: 1, cores: 1.996 },
    { at_seconds: 2, cores: 1.998 },
  ],
};
