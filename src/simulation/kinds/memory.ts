/** Memory that is really resident: an exact amount that may follow a shape, and that never risks an OOM kill unasked. */
import type { Cancel } from '#foundation/clock.ts';
import { type FieldError, granted, type Outcome, type Refusal, refused } from '#foundation/outcome.ts';
import { parseMemoryAmount, shownBytes } from '#foundation/quantity.ts';
import { rounded } from '#foundation/scalars.ts';
import { grantMemory, type MemorySupply, reserveBytes } from '../capacity/memory.ts';
import { limitUnreadable } from '../capacity/reservation.ts';
import type { Context, Figures, Kind, Plan, Work } from '../kind.ts';
import { AMOUNT_REFUSALS, type AmountRefusal, type OwnCode } from '../refusals.ts';
import { accuracy, type Ending } from '../report.ts';
import { CONSTANT } from '../shape.ts';
import { shapeErrors } from '../shape-schema.ts';
import { timingFromNow } from '../worker/job.ts';
import type { WorkerLease } from '../worker/member.ts';
import { invalid, LEAST_SECONDS, overlong, requireNumber } from './common.ts';
import {
  GROWTH_BYTES_PER_SECOND,
  LEAST_BYTES,
  MEMORY_DEFAULTS,
  MEMORY_EXAMPLE,
  MEMORY_REPORT,
  type MemoryReport,
  MemoryRequest,
} from './memory-schemas.ts';

/** How often the headroom is looked at: often while memory grows, seldom while it is held. */
const GUARD_GROWING_MS = 100;
const GUARD_HOLDING_MS = 1000;

type MemoryRefusal = AmountRefusal | Refusal<'no-memory-limit'>;

export const memory: Kind<'memory', MemoryReport, OwnCode<MemoryRefusal>> = {
  name: 'memory',
  summary: 'Hold memory',
  description:
    'Grows to the amount at a bounded rate, keeps every page resident, and gives all of it back at the end. It is refused, or ends early, where it would risk an OOM kill.',
  access: 'operator',
  request: MemoryRequest,
  report: MEMORY_REPORT,
  example: MEMORY_EXAMPLE,
  refusals: {
    ...AMOUNT_REFUSALS,
    'no-memory-limit': { sort: 'wrong', title: 'There is no memory limit to take a share of' },
  },
  metrics: {
    skyops_simulation_requested_bytes: {
      type: 'gauge',
      help: 'Memory that the running simulations asked for.',
      of: ({ requested }) => requested.bytes,
    },
    skyops_simulation_granted_bytes: {
      type: 'gauge',
      help: 'Memory that the running simulations may hold.',
      of: ({ granted: may }) => may.bytes,
    },
    skyops_simulation_resident_bytes: {
      type: 'gauge',
      help: 'Memory that the running simulations hold resident now.',
      of: ({ delivered }) => delivered.bytes,
    },
  },
  progress: ({ bytes }) => `${shownBytes(bytes)} resident`,

  plan: (body, { caps, supply: readSupply, running }) => {
    // The route has validated the body against MemoryRequest.
    const request = { ...MEMORY_DEFAULTS, shape: CONSTANT, ...(body as MemoryRequest) };
    const { seconds, shape, allow_oom: allowOom } = request;
    requireNumber('seconds', seconds, { least: LEAST_SECONDS });
    if (seconds > caps.maxSeconds) return overlong(caps);
    const supply = readSupply.memory();
    const asked = bytesAsked(request.memory, supply);
    if (!asked.ok) return asked;
    const errors = [...shapeErrors(shape, seconds), ...growthErrors(asked.value, seconds)];
    if (errors.length > 0) return invalid(errors);
    const grant = grantMemory({ bytes: asked.value, allowOom }, supply, caps, running);
    return grant.ok ? granted(planOf(request, grant.value)) : grant;
  },
};

/** A share is one of this container's limit, so without a limit it means nothing. */
function bytesAsked(
  amount: NonNullable<MemoryRequest['memory']>,
  { limitBytes, unreadable }: MemorySupply,
): Outcome<number, MemoryRefusal> {
  const parsed = parseMemoryAmount(amount);
  const isShare = parsed?.type === 'share';
  if (isShare && unreadable !== undefined) return limitUnreadable(unreadable);
  if (isShare && limitBytes === null) {
    return refused({
      code: 'no-memory-limit',
      detail:
        'A percentage is a share of the container’s memory limit, and there is none here. Ask for an amount, or set resources.limits.memory.',
      errors: [
        { pointer: '/memory', message: 'must be an amount, such as "256Mi", where the container has no memory limit' },
      ],
    });
  }
  const bytes = isShare ? Math.floor(parsed.ratio * (limitBytes ?? 0)) : parsed?.bytes;
  if (bytes !== undefined && bytes >= LEAST_BYTES) return granted(bytes);
  return invalid([
    {
      pointer: '/memory',
      message: `must be at least ${shownBytes(LEAST_BYTES)} and, as a percentage, more than 0% and at most 100%`,
    },
  ]);
}

/** An amount that is reached only after the end would never have been delivered. */
function growthErrors(bytes: number, seconds: number): FieldError[] {
  const growthSeconds = bytes / GROWTH_BYTES_PER_SECOND;
  if (growthSeconds <= seconds) return [];
  const least = Math.ceil(growthSeconds * 10) / 10;
  const rate = shownBytes(GROWTH_BYTES_PER_SECOND);
  return [{ pointer: '/seconds', message: `must be at least ${least}: memory grows by at most ${rate} a second` }];
}

type Planned = Required<MemoryRequest> & { readonly bytes: number };

function planOf(request: Required<MemoryRequest>, bytes: number): Plan<MemoryReport> {
  const { seconds, memory: amount, shape, allow_oom } = request;
  return {
    seconds,
    reserves: { memoryBytes: bytes },
    requested: { seconds, memory: amount, shape, allow_oom, bytes },
    granted: { seconds, bytes, growth_bytes_per_second: GROWTH_BYTES_PER_SECOND },
    nothing: figuresOf(0, { level: 0, peak: 0, delivered: 0, due: 0 }, []),
    start: (context) => holdOnThread(context, { ...request, bytes }),
  };
}

async function holdOnThread(context: Context, planned: Planned): Promise<Work<MemoryReport>> {
  const { seconds, shape, bytes } = planned;
  const [lease] = await context.pool.lend(1);
  if (lease === undefined) throw new Error('the pool lent no thread');
  const { timing, samples: buffer } = timingFromNow(seconds, shape);
  const end = lease.run({ type: 'hold', bytes, growthBytesPerSecond: GROWTH_BYTES_PER_SECOND, ...timing });
  const guard = planned.allow_oom ? withoutGuard(lease, bytes) : startGuard(context, lease, bytes);
  return {
    figures: (elapsedSeconds) => {
      const samples = buffer.read().map((resident, index) => ({
        at_seconds: rounded(((index + 1) * buffer.periodMs) / 1000, 3),
        bytes: Math.round(resident),
      }));
      return figuresOf(elapsedSeconds, lease.state, samples);
    },
    residentBytes: () => lease.state.level,
    stop: lease.stop,
    over: end.then((ended) => {
      guard.stop();
      const because = guard.because();
      if (ended.type === 'broken') return { failure: ended.cause };
      return because === undefined ? {} : { because };
    }),
  };
}

type Guard = { readonly stop: Cancel; readonly because: () => Ending | undefined };

function withoutGuard({ state }: WorkerLease, bytes: number): Guard {
  state.ceiling = bytes;
  return { stop: () => {}, because: () => undefined };
}

/**
 * Lets the memory grow only into headroom that is really there, and ends the simulation when what others use has left
 * next to none: the memory is given back before the kernel looks for somebody to kill.
 */
function startGuard({ clock, supply }: Context, lease: WorkerLease, bytes: number): Guard {
  let because: Ending | undefined;
  let cancel: Cancel = () => {};
  const look = () => {
    const now = supply.memory();
    const reserve = reserveBytes(now);
    if (now.headroomBytes < reserve / 4 && lease.state.level > 0) {
      because = 'memory_pressure';
      lease.stop();
      return;
    }
    // Half of what is free beyond half of the reserve: another simulation may be growing into the same headroom.
    const free = Math.max(0, now.headroomBytes - reserve / 2) / 2;
    lease.state.ceiling = Math.min(bytes, lease.state.level + free);
    cancel = clock.after(lease.state.level < bytes ? GUARD_GROWING_MS : GUARD_HOLDING_MS, look);
  };
  look();
  return { stop: () => cancel(), because: () => because };
}

/** @param state byte-milliseconds and bytes, as the thread counts them. */
function figuresOf(
  elapsedSeconds: number,
  { level, peak, delivered, due }: Pick<WorkerLease['state'], 'level' | 'peak' | 'delivered' | 'due'>,
  samples: readonly MemoryReport['sample'][],
): Figures<MemoryReport> {
  return {
    delivered: {
      seconds: rounded(elapsedSeconds, 3),
      bytes: level,
      mean_bytes: elapsedSeconds > 0 ? Math.round(delivered / (elapsedSeconds * 1000)) : 0,
      peak_bytes: peak,
    },
    accuracy: accuracy(delivered, due),
    samples,
  };
}
