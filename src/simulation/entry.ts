/** One simulation as the engine keeps it, and what is said of it to the outside. */
import { rfc3339 } from '#foundation/clock.ts';
import { rounded } from '#foundation/scalars.ts';
import type { TraceContext } from '#foundation/trace-context.ts';
import type { Ending } from './report.ts';
import type { Simulation, SimulationSummary } from './simulation.ts';
import type { Plan, Work } from './simulator.ts';

/** Who asked: the id under which the request is in the log, and its trace if it has one. */
export type Origin = { readonly requestId: string; readonly trace?: TraceContext };

export type Entry = {
  readonly origin: Origin;
  readonly id: string;
  readonly kind: string;
  readonly replica: string;
  readonly plan: Plan;
  readonly begun: Promise<void>;
  readonly ended: Promise<Simulation>;
  readonly throttledAtStart: number | null;
  /** Rejects the wait for the threads of a simulation that is cancelled meanwhile. */
  readonly giveUp: AbortController;
  startedMs: number;
  startedEpochMs: number;
  work: Work | undefined;
  /** Why it is being stopped; it has ended once `endedEpochMs` is there too. */
  because: Ending | undefined;
  endedMs: number | undefined;
  endedEpochMs: number | undefined;
};

export function elapsedSeconds({ startedMs, endedMs }: Entry, nowMs: number): number {
  return ((endedMs ?? nowMs) - startedMs) / 1000;
}

export function simulationOf(entry: Entry, seconds: number, throttledSeconds: number | null): Simulation {
  const { plan, work, endedEpochMs } = entry;
  const hasEnded = endedEpochMs !== undefined;
  const { delivered, accuracy, samples } = work?.figures(seconds, hasEnded) ?? plan.nothing;
  // The deadline ends the work, not the moment in which the main thread hears of it.
  const passedSeconds = Math.min(seconds, plan.seconds);
  const simulation = {
    id: entry.id,
    kind: entry.kind,
    replica: entry.replica,
    state: hasEnded ? 'ended' : 'running',
    started_at: rfc3339(entry.startedEpochMs),
    ends_at: rfc3339(entry.startedEpochMs + plan.seconds * 1000),
    ended_at: hasEnded ? rfc3339(endedEpochMs) : null,
    ended_because: hasEnded ? (entry.because ?? null) : null,
    requested: plan.requested,
    granted: plan.granted,
    delivered,
    progress: {
      ratio: rounded(passedSeconds / plan.seconds, 4),
      remaining_seconds: hasEnded ? 0 : rounded(plan.seconds - passedSeconds, 3),
    },
    accuracy,
    throttled_seconds: throttledSeconds === null ? null : rounded(throttledSeconds, 3),
    samples,
  };
  // The words are those of its kind: a plan and its kind come from the same file.
  return simulation as unknown as Simulation;
}

export function summaryOf(...input: Parameters<typeof simulationOf>): SimulationSummary {
  const { samples: _, ...summary } = simulationOf(...input);
  return summary as SimulationSummary;
}
