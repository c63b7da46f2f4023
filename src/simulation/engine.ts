/** Starts, lists and stops simulations; the only writer of their state. It knows no HTTP and no metrics. */
import type { Cancel, Clock } from '#foundation/clock.ts';
import { granted, type Outcome, type Refusal, refused } from '#foundation/outcome.ts';
import type { Caps } from './capacity/caps.ts';
import { burnableCores } from './capacity/cpu.ts';
import { type CapacityRefusal, type Holding, secondsUntil } from './capacity/holding.ts';
import { holdableBytes } from './capacity/memory.ts';
import { type Entry, elapsedSeconds, type Origin, simulationOf, summaryOf } from './entry.ts';
import type { Ending } from './report.ts';
import type { Simulation, SimulationSummary } from './simulation.ts';
import type { Kind, Supply, Work } from './simulator.ts';
import type { Pool } from './worker/pool.ts';

/** Ended simulations that stay readable; older ones are forgotten. */
const KEPT_ENDED = 100;

/** The thread ends its job by itself; if it has not by then, the engine stops it from outside. */
const OVERDUE_MS = 1000;

export type SimulationRefusal = CapacityRefusal | Refusal<'draining'>;

/** What happened, for whoever watches: logs, metrics and streams are made from these. */
export type SimulationEvent =
  | (Origin & { readonly type: 'simulation-started'; readonly simulation: SimulationSummary })
  | (Origin & { readonly type: 'simulation-ended'; readonly simulation: SimulationSummary; readonly failure?: unknown })
  | (Origin & { readonly type: 'simulation-refused'; readonly kind: string; readonly refusal: SimulationRefusal });

/** How much is in use and how much could be granted at most. */
type EngineUsage = {
  readonly running: number;
  readonly maxRunning: number;
  readonly coresInUse: number;
  readonly coresBurnable: number;
  readonly memoryBytesInUse: number;
  readonly memoryBytesHoldable: number;
};

export type StartedSimulation = {
  readonly id: string;
  /** Resolves when its threads burn, or when it has ended without that. */
  readonly begun: Promise<void>;
  /** Resolves with the report; never rejects. */
  readonly ended: Promise<Simulation>;
};

export type Engine = {
  /** The name of this replica, which every simulation of it bears. */
  readonly replica: string;
  readonly start: (kind: Kind, request: unknown, origin: Origin) => Outcome<StartedSimulation, SimulationRefusal>;
  readonly find: (id: string) => Simulation | undefined;
  /** A simulation that was started before, as its start gave it; `undefined` if there is none. */
  readonly rejoin: (id: string) => StartedSimulation | undefined;
  /** Running ones first, then the ended ones, the latest first. */
  readonly list: () => readonly SimulationSummary[];
  /** Stops it and resolves with its report; an ended one is left as it is. `undefined` if there is none. */
  readonly cancel: (id: string, because: Ending) => Promise<Simulation> | undefined;
  readonly cancelAll: (because: Ending) => Promise<readonly Simulation[]>;
  /** Refuses everything new from now on and cancels what runs: it would starve the drain of CPU. */
  readonly drain: () => Promise<readonly Simulation[]>;
  readonly usage: () => EngineUsage;
};

export type EngineParts = {
  readonly clock: Clock;
  readonly pool: Pool;
  readonly caps: Caps;
  readonly supply: Supply;
  /** How long the kernel has stopped this container so far, `null` where it does not say. */
  readonly readThrottledSeconds: () => number | null;
  readonly newId: () => string;
  /** The name of this replica, which every simulation of it bears. */
  readonly replica: string;
  readonly observe: (event: SimulationEvent) => void;
};

export function createEngine(parts: EngineParts): Engine {
  const { clock, caps, observe } = parts;
  const running = new Map<string, Entry>();
  const ended = new Map<string, Simulation>();
  let isDraining = false;

  const secondsOf = (entry: Entry) => elapsedSeconds(entry, clock.monotonicMs());

  const holdings = (): Holding[] =>
    [...running.values()].map((entry) => ({
      ...entry.plan.holds,
      residentBytes: entry.work?.residentBytes() ?? 0,
      remainingSeconds: Math.max(0, entry.plan.seconds - secondsOf(entry)),
    }));

  const summary = (entry: Entry) => summaryOf(entry, secondsOf(entry), throttledSince(entry));

  function throttledSince(entry: Entry): number | null {
    const now = parts.readThrottledSeconds();
    return now === null || entry.throttledAtStart === null ? null : now - entry.throttledAtStart;
  }

  function stop(entry: Entry, because: Ending): Promise<Simulation> {
    entry.because ??= because;
    entry.work?.stop();
    entry.giveUp.abort();
    return entry.ended;
  }

  /** From begin to end; whatever happens, the entry ends and its cores are free again. */
  async function runToEnd(entry: Entry, onBegun: () => void): Promise<Simulation> {
    const timers: Cancel[] = [];
    let failure: unknown;
    try {
      const work = await unlessGivenUp(
        entry.plan.begin({ pool: parts.pool, clock, supply: parts.supply }),
        entry.giveUp.signal,
      );
      if (work === undefined) return end(entry, timers, undefined);
      entry.work = work;
      entry.startedMs = clock.monotonicMs();
      entry.startedEpochMs = clock.epochMs();
      onBegun();
      timers.push(clock.after(entry.plan.seconds * 1000 + OVERDUE_MS, () => work.stop()));
      const over = await work.over;
      failure = over.failure;
      entry.because ??= over.because;
    } catch (error) {
      failure = error;
    }
    return end(entry, timers, failure);
  }

  function end(entry: Entry, timers: readonly Cancel[], failure: unknown): Simulation {
    for (const cancel of timers) cancel();
    entry.endedMs = clock.monotonicMs();
    entry.endedEpochMs = clock.epochMs();
    entry.because = failure === undefined ? (entry.because ?? 'completed') : 'failed';
    const simulation = simulationOf(entry, secondsOf(entry), throttledSince(entry));
    running.delete(entry.id);
    remember(simulation);
    observe({
      type: 'simulation-ended',
      ...entry.origin,
      simulation,
      ...(failure === undefined ? {} : { failure }),
    });
    return simulation;
  }

  function remember(simulation: Simulation): void {
    ended.set(simulation.id, simulation);
    const oldest = ended.keys().next();
    if (ended.size > KEPT_ENDED && !oldest.done) ended.delete(oldest.value);
  }

  const engine: Engine = {
    replica: parts.replica,

    start: (kind, request, origin) => {
      const refuse = (refusal: SimulationRefusal) => {
        observe({ type: 'simulation-refused', ...origin, kind: kind.name, refusal });
        return refused(refusal);
      };
      if (isDraining) {
        return refuse({
          code: 'draining',
          detail:
            'This replica is stopping and starts nothing new. Send the request again: another replica will take it.',
          retryAfterSeconds: 1,
        });
      }
      const circumstances = { caps, supply: parts.supply, running: holdings() };
      const plan = kind.plan(request, circumstances);
      if (!plan.ok) return refuse(plan.refusal);
      if (running.size >= caps.maxSimulations) {
        return refuse({
          code: 'capacity-exhausted',
          detail: `${caps.maxSimulations} simulations run already (SKYOPS_MAX_SIMULATIONS). Wait for one to end or cancel one.`,
          retryAfterSeconds: secondsUntil((rest) => rest.length < caps.maxSimulations, circumstances.running),
        });
      }
      const { promise, resolve } = Promise.withResolvers<Simulation>();
      const { promise: begun, resolve: onBegun } = Promise.withResolvers<void>();
      const entry: Entry = {
        origin,
        id: parts.newId(),
        kind: kind.name,
        replica: parts.replica,
        plan: plan.value,
        begun,
        ended: promise,
        throttledAtStart: parts.readThrottledSeconds(),
        giveUp: new AbortController(),
        startedMs: clock.monotonicMs(),
        startedEpochMs: clock.epochMs(),
        work: undefined,
        because: undefined,
        endedMs: undefined,
        endedEpochMs: undefined,
      };
      running.set(entry.id, entry);
      observe({ type: 'simulation-started', ...origin, simulation: summary(entry) });
      void runToEnd(entry, onBegun).then((simulation) => {
        resolve(simulation);
        onBegun();
      });
      return granted({ id: entry.id, begun, ended: promise });
    },

    rejoin: (id) => {
      const entry = running.get(id);
      if (entry !== undefined) return { id, begun: entry.begun, ended: entry.ended };
      const past = ended.get(id);
      return past === undefined ? undefined : { id, begun: Promise.resolve(), ended: Promise.resolve(past) };
    },

    find: (id) => {
      const entry = running.get(id);
      return entry === undefined ? ended.get(id) : simulationOf(entry, secondsOf(entry), throttledSince(entry));
    },

    list: () => [
      ...[...running.values()].map(summary).toReversed(),
      ...[...ended.values()].map(({ samples: _, ...summary }) => summary).toReversed(),
    ],

    cancel: (id, because) => {
      const entry = running.get(id);
      if (entry !== undefined) return stop(entry, because);
      const past = ended.get(id);
      return past === undefined ? undefined : Promise.resolve(past);
    },

    cancelAll: (because) => Promise.all([...running.values()].map((entry) => stop(entry, because))),

    drain: () => {
      isDraining = true;
      return engine.cancelAll('draining');
    },

    usage: () => {
      const held = holdings();
      return {
        running: running.size,
        maxRunning: caps.maxSimulations,
        coresInUse: held.reduce((sum, { cores }) => sum + cores, 0),
        coresBurnable: burnableCores(parts.supply.cpu(), caps),
        memoryBytesInUse: held.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0),
        memoryBytesHoldable: holdableBytes(parts.supply.memory(), caps, held),
      };
    },
  };
  return engine;
}

/** What the work became, or nothing if it was given up before it began; then it is stopped as soon as it does. */
async function unlessGivenUp(beginning: Promise<Work>, givenUp: AbortSignal): Promise<Work | undefined> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const onGivenUp = () => {
    resolve(undefined);
    beginning.then((work) => work.stop()).catch(() => {});
  };
  givenUp.addEventListener('abort', onGivenUp, { once: true });
  if (givenUp.aborted) onGivenUp();
  const work = await Promise.race([beginning, promise]);
  givenUp.removeEventListener('abort', onGivenUp);
  return work;
}
