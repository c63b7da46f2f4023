/** What is said about held memory: the fields of a request, of the report, and an example of each. */
import Type, { type Static } from 'typebox';
import { MEMORY_PATTERN } from '#foundation/quantity.ts';
import type { Kind } from '../kind.ts';
import { CONSTANT } from '../shape.ts';
import { Shape } from '../shape-schema.ts';
import { secondsField } from './common.ts';

export const MEMORY_DEFAULTS = { seconds: 10, memory: '64Mi', allow_oom: false };

/** Less is lost among what the service itself uses and gives back. */
export const LEAST_BYTES = 1024 ** 2;

/** Slow enough to be watched, and 0.12 to 0.14 of one core while it lasts (115 to 135 ms of CPU time for 256 MiB, measured). */
export const GROWTH_BYTES_PER_SECOND = 256 * 1024 ** 2;

export const MemoryRequest = Type.Object(
  {
    seconds: secondsField(MEMORY_DEFAULTS.seconds, 'How long, growth included'),
    memory: Type.Optional(
      Type.Union([Type.String({ pattern: MEMORY_PATTERN }), Type.Integer({ minimum: LEAST_BYTES })], {
        title: 'MemoryAmount',
        description:
          'Exactly this much, 64Mi by default: `"256Mi"` as Kubernetes writes it, bytes as a number, or `"60%"` of this container’s memory limit. Granted whole or refused; at most SKYOPS_MAX_MEMORY.',
        examples: ['256Mi', '60%', 268_435_456],
      }),
    ),
    shape: Type.Optional(Shape),
    allow_oom: Type.Optional(
      Type.Boolean({
        description:
          'Take the amount even if the container has no room for it, to show what an OOM kill does. This replica may then die.',
      }),
    ),
  },
  {
    title: 'MemorySimulationRequest',
    additionalProperties: false,
    description: 'Every field may be left out; an empty body asks for the defaults.',
  },
);
export type MemoryRequest = Static<typeof MemoryRequest>;

const MemoryRequested = Type.Object(
  {
    seconds: Type.Number({ description: 'As asked.' }),
    memory: Type.Union([Type.String(), Type.Number()], { description: 'As asked.' }),
    shape: Shape,
    allow_oom: Type.Boolean({ description: 'As asked.' }),
    bytes: Type.Integer({ description: 'The most that is held at any time.' }),
  },
  { title: 'MemoryRequested' },
);

const MemoryGranted = Type.Object(
  {
    seconds: Type.Number({ description: 'How long it may last.' }),
    bytes: Type.Integer({ description: 'The most that it may hold.' }),
    growth_bytes_per_second: Type.Integer({ description: 'How fast it grows at most; it shrinks at once.' }),
  },
  { title: 'MemoryGranted' },
);

const MemoryDelivered = Type.Object(
  {
    seconds: Type.Number({ description: 'How long it ran.' }),
    bytes: Type.Integer({ description: 'Resident now, by the page table of this process; 0 once it has ended.' }),
    mean_bytes: Type.Integer({ description: 'Mean over the time that it ran.' }),
    peak_bytes: Type.Integer({ description: 'The most that was resident.' }),
  },
  { title: 'MemoryDelivered' },
);

const MemorySample = Type.Object(
  {
    at_seconds: Type.Number({ minimum: 0, description: 'Seconds since the start.' }),
    bytes: Type.Integer({ minimum: 0, description: 'Resident at that moment.' }),
  },
  { title: 'MemorySample', description: 'One measured value; one a second, fewer in a long run.' },
);

export type MemoryReport = {
  readonly requested: Static<typeof MemoryRequested>;
  readonly granted: Static<typeof MemoryGranted>;
  readonly delivered: Static<typeof MemoryDelivered>;
  readonly sample: Static<typeof MemorySample>;
};

export const MEMORY_REPORT = {
  requested: MemoryRequested,
  granted: MemoryGranted,
  delivered: MemoryDelivered,
  sample: MemorySample,
};

const QUARTER_GIBIBYTE = 256 * 1024 ** 2;

export const MEMORY_EXAMPLE: Kind<'memory', MemoryReport>['example'] = {
  request: { memory: '256Mi', seconds: 10 },
  requested: { seconds: 10, memory: '256Mi', shape: CONSTANT, allow_oom: false, bytes: QUARTER_GIBIBYTE },
  granted: { seconds: 10, bytes: QUARTER_GIBIBYTE, growth_bytes_per_second: GROWTH_BYTES_PER_SECOND },
  delivered: { seconds: 10.003, bytes: 0, mean_bytes: 254_803_968, peak_bytes: QUARTER_GIBIBYTE },
  accuracy: 0.9988,
  samples: [
    { at_seconds: 1, bytes: 267_386_880 },
    { at_seconds: 2, bytes: QUARTER_GIBIBYTE },
  ],
};
