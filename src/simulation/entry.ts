/** One simulation as the engine keeps it, and what is said of it to the outside. */
import { rfc3339 } from '#foundation/clock.ts';
import { rounded } from '#foundation/scalars.ts';
import type { TraceContext } from '#foundation/trace-context.ts';
import type { Plan, Work } from './kind.ts';
import type { Ending } from './report.ts';
import type { Simulation, SimulationSummary } from './simulation.ts';

/** Who asked: the id under which the request is in the log, its trace if it has one, and the name of who sent it. */
export type Origin = { readonly requestId: string; readonly trace?: TraceContext; readonly actor: string };

/** A moment on both clocks: the one that times, and the one that people read. */
export type Moment = { readonly monotonicMs: number; readonly epochMs: number };

export type Entry = {
  readonly origin: Origin;
  readonly id: string;
  readonly kind: string;
  readonly replica: string;
  readonly plan: Plan;
  /** Resolves when its work is there, or when it has ended without that. */
  readonly started: PromiseWithResolvers<void>;
  readonly ended: PromiseWithResolvers<Simulation>;
  readonly throttledAtStart: number | null;
  /** Ends the wait for the work of a simulation that is cancelled meanwhile. */
  readonly aborting: AbortController;
  readonly createdAt: Moment;
  /** When its work was there. */
  startedAt: Moment | undefined;
  endedAt: Moment | undefined;
  work: Work | undefined;
  /** Why it is being stopped; it has ended once `endedAt` is there too. */
  because: Ending | undefined;
};

export type StartedSimulation = {
  readonly id: string;
  /** Resolves when its work is there, or when it has ended without that. */
  readonly started: Promise<void>;
  /** Resolves with the report; never rejects. */
  readonly ended: Promise<Simulation>;
};

/** Since its work started; while that is not there, since it was asked for. */
export function elapsedSeconds({ createdAt, startedAt = createdAt, endedAt }: Entry, nowMs: number): number {
  return ((endedAt?.monotonicMs ?? nowMs) - startedAt.monotonicMs) / 1000;
}

export function simulationOf(entry: Entry, nowMs: number, throttledSeconds: number | null): Simulation {
  const { plan, work, createdAt, startedAt = createdAt, endedAt, throttledAtStart } = entry;
  const seconds = elapsedSeconds(entry, nowMs);
  const hasEnded = endedAt !== undefined;
  const { delivered, accuracy, samples } = work?.figures(seconds, hasEnded) ?? plan.nothing;
  // The deadline ends the work, not the moment in which the main thread hears of it.
  const passedSeconds = Math.min(seconds, plan.seconds);
  const isThrottlingKnown = throttledSeconds !== null && throttledAtStart !== null;
  const simulation = {
    id: entry.id,
    kind: entry.kind,
    replica: entry.replica,
    state: hasEnded ? 'ended' : 'running',
    started_at: rfc3339(startedAt.epochMs),
    ends_at: rfc3339(startedAt.epochMs + plan.seconds * 1000),
    ended_at: hasEnded ? rfc3339(endedAt.epochMs) : null,
    ended_because: hasEnded ? (entry.because ?? null) : null,
    requested: plan.requested,
    granted: plan.granted,
    delivered,
    progress: {
      ratio: rounded(passedSeconds / plan.seconds, 4),
      remaining_seconds: hasEnded ? 0 : rounded(plan.seconds - passedSeconds, 3),
    },
    accuracy,
    // A reading may be older than the start.
    throttled_seconds: isThrottlingKnown ? rounded(Math.max(0, throttledSeconds - throttledAtStart), 3) : null,
    samples,
  };
  // The report is that of its kind: a plan and its kind come from the same file.
  return simulation as unknown as Simulation;
}

export function summaryOf(...input: Parameters<typeof simulationOf>): SimulationSummary {
  const { samples: _, ...summary } = simulationOf(...input);
  return summary as SimulationSummary;
}

/** What the work became, or nothing if it was cancelled before it started; then it is stopped as soon as it does. */
export async function unlessAborted(starting: Promise<Work>, aborted: AbortSignal): Promise<Work | undefined> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const onAbort = () => {
    resolve(undefined);
    starting.then((work) => work.stop()).catch(() => {});
  };
  aborted.addEventListener('abort', onAbort, { once: true });
  if (aborted.aborted) onAbort();
  const work = await Promise.race([starting, promise]);
  aborted.removeEventListener('abort', onAbort);
  return work;
}

export const startedOf = ({ id, started, ended }: Entry): StartedSimulation => ({
  id,
  started: started.promise,
  ended: ended.promise,
});

export function stop(entry: Entry, because: Ending): Promise<Simulation> {
  entry.because ??= because;
  entry.work?.stop();
  entry.aborting.abort();
  return entry.ended.promise;
}
