/** CPU load: an exact amount that may follow a shape, or flat out on a number of threads. */
import { type FieldError, granted, type Outcome, type Refusal, refused } from '#foundation/outcome.ts';
import { parseCpuAmount } from '#foundation/quantity.ts';
import { rounded } from '#foundation/scalars.ts';
import {
  type CpuGrant,
  type CpuSupply,
  grantableCores,
  grantExact,
  grantFlatOut,
  spreadOver,
} from '../capacity/cpu.ts';
import { limitUnreadable } from '../capacity/reservation.ts';
import type { Circumstances, Context, Figures, Kind, Plan, Work } from '../kind.ts';
import { AMOUNT_REFUSALS, type AmountRefusal, type OwnCode } from '../refusals.ts';
import { accuracy, ratesBetween } from '../report.ts';
import { CONSTANT, dueSeconds } from '../shape.ts';
import { type Shape, shapeErrors } from '../shape-schema.ts';
import { timingFromNow } from '../worker/job.ts';
import { invalid, LEAST_SECONDS, overlong, requireNumber } from './common.ts';
import { CPU_DEFAULTS, CPU_EXAMPLE, CPU_REPORT, type CpuReport, CpuRequest, LEAST_LOAD } from './cpu-schemas.ts';

type CpuRefusal = AmountRefusal | Refusal<'no-cpu-limit'>;

export const cpu: Kind<'cpu', CpuReport, OwnCode<CpuRefusal>> = {
  name: 'cpu',
  summary: 'Load the CPU',
  description:
    'Uses CPU time on worker threads below the priority of everything else here, and reports the core-seconds that the kernel accounted to them.',
  access: 'operator',
  request: CpuRequest,
  report: CPU_REPORT,
  example: CPU_EXAMPLE,
  refusals: {
    ...AMOUNT_REFUSALS,
    'no-cpu-limit': { sort: 'wrong', title: 'There is no CPU limit to take a share of' },
  },
  metrics: {
    skyops_simulation_requested_cores: {
      type: 'gauge',
      help: 'Cores that the running simulations asked for.',
      of: ({ requested }) => requested.cores,
    },
    skyops_simulation_granted_cores: {
      type: 'gauge',
      help: 'Cores that the running simulations may use.',
      of: ({ granted: may }) => may.cores,
    },
    skyops_simulation_delivered_core_seconds_total: {
      type: 'counter',
      help: 'CPU time that simulations have used, those that run included, as the kernel accounted it.',
      of: ({ delivered }) => delivered.core_seconds,
    },
  },
  progress: ({ cores }) => `${cores} cores`,

  plan: (body, circumstances) => {
    // The route has validated the body against CpuRequest.
    const request = body as CpuRequest;
    const { seconds, parallelism, load } = { ...CPU_DEFAULTS, ...request };
    requireNumber('seconds', seconds, { least: LEAST_SECONDS });
    requireNumber('parallelism', parallelism, { least: 1, isWhole: true });
    requireNumber('load', load, { least: LEAST_LOAD, most: 1 });
    if (seconds > circumstances.caps.maxSeconds) return overlong(circumstances.caps);
    const errors = fieldErrors(request, seconds);
    if (errors.length > 0) return invalid(errors);
    return request.cpu === undefined
      ? planFlatOut(request, seconds, circumstances)
      : planExact(request, request.cpu, seconds, circumstances);
  },
};

/** The rules between fields. */
function fieldErrors({ cpu: amount, shape, parallelism, load }: CpuRequest, seconds: number): FieldError[] {
  if (amount === undefined) {
    const needsAmount = shape !== undefined && shape.type !== 'constant';
    return needsAmount ? [{ pointer: '/shape', message: 'needs an amount to follow: give cpu too' }] : [];
  }
  const errors: FieldError[] = [];
  // The defaults say nothing, so that a client which fills them in is not refused for it.
  for (const [pointer, value, fallback] of [
    ['/parallelism', parallelism, CPU_DEFAULTS.parallelism],
    ['/load', load, CPU_DEFAULTS.load],
  ] as const) {
    if (value !== undefined && value !== fallback)
      errors.push({ pointer, message: 'cannot stand beside cpu: ask for an exact amount or flat out' });
  }
  if (parseCpuAmount(amount) === undefined) {
    errors.push({
      pointer: '/cpu',
      message: 'must be at least 1m and, as a percentage, more than 0% and at most 100%',
    });
  }
  return shape === undefined ? errors : [...errors, ...shapeErrors(shape, seconds)];
}

function planExact(
  request: CpuRequest,
  amount: NonNullable<CpuRequest['cpu']>,
  seconds: number,
  { supply: { cpu: readSupply }, caps, running }: Circumstances,
): Outcome<Plan<CpuReport>, CpuRefusal> {
  const supply = readSupply();
  const asked = coresAsked(amount, supply);
  if (!asked.ok) return asked;
  const cores = asked.value;
  const saturate = request.saturate ?? CPU_DEFAULTS.saturate;
  const threads = spreadOver(cores, supply.cpus);
  const grant = grantExact({ cores, threads, saturate }, supply, caps, running);
  if (!grant.ok) return grant;
  const shape = request.shape ?? CONSTANT;
  const requested = { seconds, cpu: amount, shape, parallelism: null, load: null, saturate };
  return granted(
    planOf({ seconds, requested, wished: cores, grant: grant.value, threads, share: cores / threads, shape }),
  );
}

function planFlatOut(
  request: CpuRequest,
  seconds: number,
  { supply: { cpu: readSupply }, caps, running }: Circumstances,
): Outcome<Plan<CpuReport>, CpuRefusal> {
  const supply = readSupply();
  const { parallelism, load, saturate } = { ...CPU_DEFAULTS, ...request };
  const wished = parallelism * load;
  const grant = grantFlatOut({ cores: wished, threads: parallelism, saturate }, supply, caps, running);
  if (!grant.ok) return grant;
  const { cores } = grant.value;
  // Saturating means that the kernel does the limiting: the threads then run as asked, beyond what is granted.
  const isPaced = !saturate || cores < grantableCores(supply, caps, true);
  const share = isPaced ? cores / parallelism : load;
  const requested = { seconds, cpu: null, shape: CONSTANT, parallelism, load, saturate };
  return granted(
    planOf({ seconds, requested, wished, grant: grant.value, threads: parallelism, share, shape: CONSTANT }),
  );
}

/** A share is one of this container's limit, so without a limit it means nothing. */
function coresAsked(
  amount: NonNullable<CpuRequest['cpu']>,
  { quotaCores, unreadable }: CpuSupply,
): Outcome<number, CpuRefusal> {
  const parsed = parseCpuAmount(amount);
  if (parsed === undefined) return invalid([{ pointer: '/cpu', message: 'is not an amount of CPU' }]);
  if (parsed.type === 'cores') return granted(parsed.cores);
  if (unreadable !== undefined) return limitUnreadable(unreadable);
  if (quotaCores !== null) return granted(parsed.ratio * quotaCores);
  return refused({
    code: 'no-cpu-limit',
    detail:
      'A percentage is a share of the container’s CPU limit, and there is none here. Ask for cores, or set resources.limits.cpu.',
    errors: [
      { pointer: '/cpu', message: 'must be an amount of cores, such as "250m", where the container has no CPU limit' },
    ],
  });
}

type Planned = {
  readonly seconds: number;
  readonly requested: Omit<CpuReport['requested'], 'cores' | 'core_seconds'>;
  readonly wished: number;
  readonly grant: CpuGrant;
  readonly threads: number;
  /** Of one core, for each thread. */
  readonly share: number;
  readonly shape: Shape;
};

function planOf(planned: Planned): Plan<CpuReport> {
  const { seconds, requested, wished, grant, threads, shape } = planned;
  const { cores, limitedBy } = grant;
  const due = dueSeconds(shape, seconds, seconds);
  return {
    seconds,
    reserves: { cores, threads },
    requested: { ...requested, cores: rounded(wished, 4), core_seconds: rounded(wished * due, 4) },
    granted: {
      seconds,
      threads,
      cores: rounded(cores, 4),
      core_seconds: rounded(cores * due, 4),
      limited_by: limitedBy,
    },
    nothing: figuresOf(planned, 0, 0, []),
    start: (context) => burnOnThreads(context, planned),
  };
}

async function burnOnThreads({ pool }: Context, planned: Planned): Promise<Work<CpuReport>> {
  const { seconds, threads, share, shape } = planned;
  const leases = await pool.lend(threads);
  const stop = () => {
    for (const lease of leases) lease.stop();
  };
  const jobs = leases.map((lease) => ({ lease, ...timingFromNow(seconds, shape), usedMicroseconds: 0, isOver: false }));
  const ends = jobs.map(async (job) => {
    const { lease, timing } = job;
    const end = await lease.run({ type: 'burn', share, ...timing });
    // Kept: the next simulation may have the thread before the last one of this is over.
    job.usedMicroseconds = lease.state.delivered;
    job.isOver = true;
    // One broken thread breaks the promise of the whole amount, so the others need not go on.
    if (end.type === 'broken') stop();
    return end;
  });
  return {
    figures: (elapsedSeconds, isOver) => {
      const microseconds = jobs.map((job) => (job.isOver ? job.usedMicroseconds : job.lease.state.delivered));
      const coreSeconds = microseconds.reduce((sum, ofThread) => sum + ofThread, 0) / 1e6;
      const each = jobs.map(({ samples }) => samples.read());
      const noted = Math.min(...each.map((totals) => totals.length));
      const periodSeconds = (jobs[0]?.samples.periodMs ?? 0) / 1000;
      const totals = Array.from({ length: noted }, (_, index) => ({
        atSeconds: (index + 1) * periodSeconds,
        total: each.reduce((sum, ofThread) => sum + (ofThread[index] ?? 0), 0) / 1000,
      }));
      // The last stretch is shorter, and known only once nothing is added any more.
      const last = isOver ? [{ atSeconds: elapsedSeconds, total: coreSeconds }] : [];
      return figuresOf(planned, elapsedSeconds, coreSeconds, [...totals, ...last]);
    },
    stop,
    over: Promise.all(ends).then((all) => {
      const broken = all.find((end) => end.type === 'broken');
      return broken === undefined ? {} : { failure: broken.cause };
    }),
  };
}

function figuresOf(
  { seconds, grant, shape }: Planned,
  elapsedSeconds: number,
  coreSeconds: number,
  totals: Parameters<typeof ratesBetween>[0],
): Figures<CpuReport> {
  // The deadline ends the work, not the moment in which the main thread hears of it.
  const due = grant.cores * dueSeconds(shape, elapsedSeconds, seconds);
  return {
    delivered: {
      seconds: rounded(elapsedSeconds, 3),
      cores: elapsedSeconds > 0 ? rounded(coreSeconds / elapsedSeconds, 4) : 0,
      core_seconds: rounded(coreSeconds, 4),
    },
    accuracy: accuracy(coreSeconds, due),
    samples: ratesBetween(totals).map(({ atSeconds, rate }) => ({
      at_seconds: rounded(atSeconds, 3),
      cores: rounded(rate, 4),
    })),
  };
}
