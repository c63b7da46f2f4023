/** Starts, lists and stops simulations; the only writer of their state. It knows no HTTP and no metrics. */
import type { Cancel } from '#foundation/clock.ts';
import { granted, type Outcome, type Refusal, refused } from '#foundation/outcome.ts';
import type { Caps } from './capacity/caps.ts';
import { grantableCores } from './capacity/cpu.ts';
import { grantableBytes } from './capacity/memory.ts';
import { type Reservation, secondsUntil } from './capacity/reservation.ts';
import {
  type Entry,
  elapsedSeconds,
  type Moment,
  type Origin,
  type StartedSimulation,
  simulationOf,
  startedOf,
  stop,
  summaryOf,
  unlessAborted,
} from './entry.ts';
import type { SimulationEvent } from './event.ts';
import type { Context, Plan, Startable } from './kind.ts';
import type { EngineRefusalCode } from './refusals.ts';
import type { Ending } from './report.ts';
import type { Simulation, SimulationSummary } from './simulation.ts';

/** Ended simulations that stay readable; older ones are forgotten. */
const KEPT_ENDED = 100;

/** The work ends by itself; if it has not by then, the engine stops it from outside. */
const OVERDUE_MS = 1000;

/** How much is reserved and how much could be granted at most. */
type EngineUsage = {
  readonly running: number;
  readonly maxRunning: number;
  readonly coresInUse: number;
  readonly coresGrantable: number;
  readonly memoryBytesInUse: number;
  readonly memoryBytesGrantable: number;
};

export type EngineParts = {
  readonly context: Context;
  readonly caps: Caps;
  /** How long the kernel has stopped this container so far, `null` where it does not say: now, and as it was last read. */
  readonly throttledSeconds: { readonly now: () => number | null; readonly recently: () => number | null };
  readonly newId: () => string;
  /** The name of this replica, which every simulation of it bears. */
  readonly replica: string;
  readonly onEvent: (event: SimulationEvent) => void;
};

export class Engine {
  readonly #parts: EngineParts;
  readonly #running = new Map<string, Entry>();
  readonly #ended = new Map<string, Simulation>();
  #isDraining = false;

  constructor(parts: EngineParts) {
    this.#parts = parts;
  }

  get replica(): string {
    return this.#parts.replica;
  }

  start<Code extends string>(
    kind: Startable<Code>,
    request: unknown,
    origin: Origin,
  ): Outcome<StartedSimulation, Refusal<Code | EngineRefusalCode>> {
    const plan = this.#planOf(kind, request);
    if (!plan.ok) {
      this.#parts.onEvent({ type: 'simulation-refused', ...origin, kind: kind.name, refusal: plan.refusal });
      return plan;
    }
    const entry = this.#newEntry(kind, plan.value, origin);
    this.#running.set(entry.id, entry);
    const simulation = summaryOf(entry, this.#now().monotonicMs, entry.throttledAtStart);
    this.#parts.onEvent({ type: 'simulation-started', ...origin, simulation });
    void this.#runToEnd(entry);
    return granted(startedOf(entry));
  }

  find(id: string): Simulation | undefined {
    const entry = this.#running.get(id);
    if (entry === undefined) return this.#ended.get(id);
    return simulationOf(entry, this.#now().monotonicMs, this.#parts.throttledSeconds.now());
  }

  /** A simulation that was started before, as its start gave it; `undefined` if there is none. */
  attach(id: string): StartedSimulation | undefined {
    const entry = this.#running.get(id);
    if (entry !== undefined) return startedOf(entry);
    const past = this.#ended.get(id);
    return past === undefined ? undefined : { id, started: Promise.resolve(), ended: Promise.resolve(past) };
  }

  /** Those that run, the latest first. What the kernel throttled is as last read: no file is read for them. */
  running(): readonly SimulationSummary[] {
    const { monotonicMs } = this.#now();
    const throttled = this.#running.size === 0 ? null : this.#parts.throttledSeconds.recently();
    return [...this.#running.values()].map((entry) => summaryOf(entry, monotonicMs, throttled)).toReversed();
  }

  /** Those that run, then those that ended, the latest first. */
  list(): readonly SimulationSummary[] {
    const ended = [...this.#ended.values()].map(({ samples: _, ...summary }) => summary);
    return [...this.running(), ...ended.toReversed()];
  }

  /** Stops it and resolves with its report; an ended one is left as it is. `undefined` if there is none. */
  cancel(id: string, because: Ending): Promise<Simulation> | undefined {
    const entry = this.#running.get(id);
    if (entry !== undefined) return stop(entry, because);
    const past = this.#ended.get(id);
    return past === undefined ? undefined : Promise.resolve(past);
  }

  cancelAll(because: Ending): Promise<readonly Simulation[]> {
    return Promise.all([...this.#running.values()].map((entry) => stop(entry, because)));
  }

  /** Refuses everything new from now on and cancels what runs: it would starve the drain of CPU. */
  drain(): Promise<readonly Simulation[]> {
    this.#isDraining = true;
    return this.cancelAll('draining');
  }

  usage(): EngineUsage {
    const { caps, context } = this.#parts;
    const reserved = this.#reservations();
    return {
      running: this.#running.size,
      maxRunning: caps.maxSimulations,
      coresInUse: reserved.reduce((sum, { cores }) => sum + cores, 0),
      coresGrantable: grantableCores(context.supply.cpu(), caps),
      memoryBytesInUse: reserved.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0),
      memoryBytesGrantable: grantableBytes(context.supply.memory(), caps, reserved),
    };
  }

  #now(): Moment {
    const { clock } = this.#parts.context;
    return { monotonicMs: clock.monotonicMs(), epochMs: clock.epochMs() };
  }

  #reservations(): Reservation[] {
    const { monotonicMs } = this.#now();
    return [...this.#running.values()].map((entry) => ({
      cores: 0,
      threads: 0,
      memoryBytes: 0,
      ...entry.plan.reserves,
      residentBytes: entry.work?.residentBytes?.() ?? 0,
      remainingSeconds: Math.max(0, entry.plan.seconds - elapsedSeconds(entry, monotonicMs)),
    }));
  }

  #planOf<Code extends string>(
    kind: Startable<Code>,
    request: unknown,
  ): Outcome<Plan, Refusal<Code | EngineRefusalCode>> {
    const { caps, context } = this.#parts;
    if (this.#isDraining) {
      return refused({
        code: 'draining',
        detail:
          'This replica is stopping and starts nothing new. Send the request again: another replica will take it.',
        retryAfterSeconds: 1,
      });
    }
    const running = this.#reservations();
    const plan = kind.plan(request, { caps, supply: context.supply, running });
    if (!plan.ok || running.length < caps.maxSimulations) return plan;
    return refused({
      code: 'capacity-exhausted',
      detail: `${caps.maxSimulations} simulations run already (SKYOPS_MAX_SIMULATIONS). Wait for one to end or cancel one.`,
      retryAfterSeconds: secondsUntil((rest) => rest.length < caps.maxSimulations, running),
    });
  }

  #newEntry(kind: Startable, plan: Plan, origin: Origin): Entry {
    const { newId, replica, throttledSeconds } = this.#parts;
    return {
      origin,
      id: newId(),
      kind: kind.name,
      replica,
      plan,
      started: Promise.withResolvers<void>(),
      ended: Promise.withResolvers<Simulation>(),
      throttledAtStart: throttledSeconds.now(),
      aborting: new AbortController(),
      createdAt: this.#now(),
      startedAt: undefined,
      endedAt: undefined,
      work: undefined,
      because: undefined,
    };
  }

  /** From start to end; whatever happens, the entry ends and what it reserves is free again. */
  async #runToEnd(entry: Entry): Promise<void> {
    let cancelTimer: Cancel = () => {};
    let failure: unknown;
    try {
      const work = await unlessAborted(entry.plan.start(this.#parts.context), entry.aborting.signal);
      if (work !== undefined) {
        entry.work = work;
        entry.startedAt = this.#now();
        entry.started.resolve();
        cancelTimer = this.#parts.context.clock.after(entry.plan.seconds * 1000 + OVERDUE_MS, () => work.stop());
        const over = await work.over;
        failure = over.failure;
        entry.because ??= over.because;
      }
    } catch (error) {
      failure = error;
    }
    cancelTimer();
    entry.because = failure === undefined ? (entry.because ?? 'completed') : 'failed';
    this.#end(entry, failure);
  }

  #end(entry: Entry, failure: unknown): void {
    entry.endedAt = this.#now();
    const simulation = simulationOf(entry, entry.endedAt.monotonicMs, this.#parts.throttledSeconds.now());
    this.#running.delete(entry.id);
    this.#remember(simulation);
    const failed = failure === undefined ? {} : { failure };
    this.#parts.onEvent({ type: 'simulation-ended', ...entry.origin, simulation, ...failed });
    entry.ended.resolve(simulation);
    entry.started.resolve();
  }

  #remember(simulation: Simulation): void {
    this.#ended.set(simulation.id, simulation);
    const oldest = this.#ended.keys().next();
    if (this.#ended.size > KEPT_ENDED && !oldest.done) this.#ended.delete(oldest.value);
  }
}
