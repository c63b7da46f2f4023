/** CPU load, flat out: `parallelism` threads, each at `load` of one core, for `seconds`. */
import Type, { type Static } from 'typebox';
import { granted, refused } from '#foundation/outcome.ts';
import { nullable, rounded } from '#foundation/scalars.ts';
import { burnableCores, CPU_LIMITS, grantFlatOut } from '../capacity.ts';
import type { Kind, Means, Work } from '../simulator.ts';
import { jobFromNow } from '../worker/job.ts';

const CpuRequest = Type.Object(
  {
    seconds: Type.Optional(
      Type.Number({
        minimum: 0.1,
        maximum: 86_400,
        default: 10,
        description: 'How long to burn, in seconds; at most SKYOPS_MAX_SECONDS.',
      }),
    ),
    parallelism: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 256,
        default: 1,
        description: 'How many threads burn, each at most one core; at most SKYOPS_MAX_CORES.',
      }),
    ),
    load: Type.Optional(
      Type.Number({
        minimum: 0.01,
        maximum: 1,
        default: 1,
        description: 'Part of one core that each thread burns, 1 is flat out.',
      }),
    ),
    saturate: Type.Optional(
      Type.Boolean({
        default: false,
        description:
          'Under a CPU quota: also burn the reserve that keeps probes fast, so that the kernel throttles this container.',
      }),
    ),
  },
  { additionalProperties: false, description: 'Every field has a default; an empty body asks for all of them.' },
);

export const CpuRequested = Type.Object({
  seconds: Type.Number({ description: 'As asked.' }),
  parallelism: Type.Integer({ description: 'As asked.' }),
  load: Type.Number({ description: 'As asked.' }),
  saturate: Type.Boolean({ description: 'As asked.' }),
  cores: Type.Number({ description: 'parallelism × load.' }),
  core_seconds: Type.Number({ description: 'cores × seconds.' }),
});

export const CpuGranted = Type.Object({
  seconds: Type.Number({ description: 'How long it may run.' }),
  threads: Type.Integer({ description: 'How many threads burn.' }),
  cores: Type.Number({ description: 'What they may burn together.' }),
  core_seconds: Type.Number({ description: 'cores × seconds.' }),
  limited_by: nullable(
    Type.Enum([...CPU_LIMITS], {
      description:
        'Why this is less than asked: `cpus` this process may run on, the container’s `quota` less its reserve, or what is `running`.',
    }),
  ),
});

type CpuKind = Kind<Static<typeof CpuRequested>, Static<typeof CpuGranted>>;

export const cpu: CpuKind = {
  name: 'cpu',
  summary: 'Burn CPU',
  description:
    'Burns CPU time on worker threads at the lowest priority, and reports the core-seconds that the kernel accounted to them.',
  request: CpuRequest,
  example: { seconds: 10, parallelism: 2 },

  plan: (body, { caps, supply, running }) => {
    // The route has validated the body against CpuRequest and filled in its defaults.
    const request = body as Required<Static<typeof CpuRequest>>;
    const { seconds, parallelism, load, saturate } = request;
    if (seconds > caps.maxSeconds) {
      return refused({
        code: 'over-cap',
        detail: 'The simulation would last longer than this service allows.',
        errors: [{ pointer: '/seconds', message: `must be at most ${caps.maxSeconds} (SKYOPS_MAX_SECONDS)` }],
      });
    }
    const wish = { cores: parallelism * load, workers: parallelism, saturate };
    const grant = grantFlatOut(wish, supply, caps, running);
    if (!grant.ok) return grant;
    const { cores, limitedBy } = grant.value;
    // Saturating means that the kernel does the limiting: the threads then run as asked, beyond what is granted.
    const paced = !saturate || cores < burnableCores(supply, caps, true);
    return granted({
      seconds,
      cores,
      workers: parallelism,
      requested: { ...request, cores: rounded(wish.cores, 4), core_seconds: rounded(wish.cores * seconds, 3) },
      granted: {
        seconds,
        threads: parallelism,
        cores: rounded(cores, 4),
        core_seconds: rounded(cores * seconds, 3),
        limited_by: limitedBy,
      },
      begin: (means) =>
        burnOnThreads(means, { seconds, threads: parallelism, share: paced ? cores / parallelism : load }),
    });
  },
};

type Burn = { readonly seconds: number; readonly threads: number; readonly share: number };

async function burnOnThreads({ pool }: Means, { seconds, threads, share }: Burn): Promise<Work> {
  const hands = await pool.lend(threads);
  const stop = () => {
    for (const hand of hands) hand.stop();
  };
  const job = jobFromNow(share, seconds);
  const ends = hands.map(async (hand) => {
    const end = await hand.run(job);
    // One broken thread breaks the promise of the whole amount, so the others need not go on.
    if (end.type === 'broken') stop();
    return end;
  });
  return {
    coreSeconds: () => hands.reduce((sum, hand) => sum + hand.cpuSeconds(), 0),
    stop,
    over: Promise.all(ends).then((all) => {
      const broken = all.find((end) => end.type === 'broken');
      return broken === undefined ? {} : { failure: broken.cause };
    }),
  };
}
