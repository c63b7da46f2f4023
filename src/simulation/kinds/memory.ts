/** Memory that is really resident: an exact amount that may follow a shape, and that never risks an OOM kill unasked. */
import type { Cancel } from '#foundation/clock.ts';
import { type FieldError, granted, type Outcome, refused } from '#foundation/outcome.ts';
import { parseMemoryAmount, shownBytes } from '#foundation/quantity.ts';
import { rounded } from '#foundation/scalars.ts';
import { type CapacityRefusal, limitUnreadable } from '../capacity/holding.ts';
import { grantMemory, type MemorySupply, reserveBytes } from '../capacity/memory.ts';
import { accuracy, type Ending } from '../report.ts';
import { CONSTANT } from '../shape.ts';
import { shapeErrors } from '../shape-schema.ts';
import type { Figures, Kind, Means, Plan, Work } from '../simulator.ts';
import { timingFromNow } from '../worker/job.ts';
import type { Hand } from '../worker/pool.ts';
import { invalid, LEAST_SECONDS, overlong, requireNumber } from './common.ts';
import {
  GROWTH_BYTES_PER_SECOND,
  LEAST_BYTES,
  MEMORY_DEFAULTS,
  MEMORY_EXAMPLE,
  MEMORY_WORDS,
  MemoryRequest,
  type MemoryWords,
} from './memory-words.ts';

/** How often the headroom is looked at: often while memory grows, seldom while it is held. */
const GUARD_GROWING_MS = 100;
const GUARD_HOLDING_MS = 1000;

export const memory: Kind<'memory', MemoryWords> = {
  name: 'memory',
  summary: 'Hold memory',
  description:
    'Grows to the amount at a bounded rate, keeps every page resident, and gives all of it back at the end. It is refused, or ends early, where it would risk an OOM kill.',
  request: MemoryRequest,
  words: MEMORY_WORDS,
  example: MEMORY_EXAMPLE,

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
): Outcome<number, CapacityRefusal> {
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

function planOf(request: Required<MemoryRequest>, bytes: number): Plan<MemoryWords> {
  const { seconds, memory: amount, shape, allow_oom } = request;
  return {
    seconds,
    holds: { cores: 0, workers: 0, memoryBytes: bytes },
    requested: { seconds, memory: amount, shape, allow_oom, bytes },
    granted: { seconds, bytes, growth_bytes_per_second: GROWTH_BYTES_PER_SECOND },
    nothing: figuresOf(0, { level: 0, peak: 0, delivered: 0, due: 0 }, []),
    begin: (means) => holdOnThread(means, { ...request, bytes }),
  };
}

async function holdOnThread(means: Means, planned: Planned): Promise<Work<MemoryWords>> {
  const { seconds, shape, bytes } = planned;
  const [hand] = await means.pool.lend(1);
  if (hand === undefined) throw new Error('the pool lent no thread');
  const { timing, marks } = timingFromNow(seconds, shape);
  const end = hand.run({ type: 'hold', bytes, growthBytesPerSecond: GROWTH_BYTES_PER_SECOND, ...timing });
  const guard = planned.allow_oom ? withoutGuard(hand, bytes) : startGuard(means, hand, bytes);
  return {
    figures: (elapsedSeconds) => {
      const samples = marks.read().map((resident, index) => ({
        at_seconds: rounded(((index + 1) * marks.periodMs) / 1000, 3),
        bytes: Math.round(resident),
      }));
      return figuresOf(elapsedSeconds, hand.state, samples);
    },
    residentBytes: () => hand.state.level,
    stop: hand.stop,
    over: end.then((ended) => {
      guard.stop();
      const because = guard.because();
      if (ended.type === 'broken') return { failure: ended.cause };
      return because === undefined ? {} : { because };
    }),
  };
}

type Guard = { readonly stop: Cancel; readonly because: () => Ending | undefined };

function withoutGuard({ state }: Hand, bytes: number): Guard {
  state.ceiling = bytes;
  return { stop: () => {}, because: () => undefined };
}

/**
 * Lets the memory grow only into headroom that is really there, and ends the simulation when what others use has left
 * next to none: the memory is given back before the kernel looks for somebody to kill.
 */
function startGuard({ clock, supply }: Means, hand: Hand, bytes: number): Guard {
  let because: Ending | undefined;
  let cancel: Cancel = () => {};
  const look = () => {
    const now = supply.memory();
    const reserve = reserveBytes(now);
    if (now.headroomBytes < reserve / 4 && hand.state.level > 0) {
      because = 'memory_pressure';
      hand.stop();
      return;
    }
    // Half of what is free beyond half of the reserve: another simulation may be growing into the same headroom.
    const free = Math.max(0, now.headroomBytes - reserve / 2) / 2;
    hand.state.ceiling = Math.min(bytes, hand.state.level + free);
    cancel = clock.after(hand.state.level < bytes ? GUARD_GROWING_MS : GUARD_HOLDING_MS, look);
  };
  look();
  return { stop: () => cancel(), because: () => because };
}

/** @param state byte-milliseconds and bytes, as the thread counts them. */
function figuresOf(
  elapsedSeconds: number,
  { level, peak, delivered, due }: Pick<Hand['state'], 'level' | 'peak' | 'delivered' | 'due'>,
  samples: readonly MemoryWords['sample'][],
): Figures<MemoryWords> {
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
