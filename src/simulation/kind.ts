/** The contract of a kind of simulation: what it takes, what may be granted, how it runs, and what is said of it. */
import type { TObject } from 'typebox';
import type { Clock } from '#foundation/clock.ts';
import type { Outcome, Refusal } from '#foundation/outcome.ts';
import type { Caps } from './capacity/caps.ts';
import type { CpuSupply } from './capacity/cpu.ts';
import type { MemorySupply } from './capacity/memory.ts';
import type { Reservation } from './capacity/reservation.ts';
import type { EffectBoard } from './effects/board.ts';
import type { EngineRefusalCode, RefusalMeanings } from './refusals.ts';
import type { Ending } from './report.ts';
import type { Pool } from './worker/pool.ts';

/** What the machine and the container allow now. Read only as far as somebody looks: files of the kernel cost time. */
export type Supply = { readonly cpu: () => CpuSupply; readonly memory: () => MemorySupply };

/** What a plan is decided on; plain values, read at that moment. */
export type Circumstances = {
  readonly caps: Caps;
  readonly supply: Supply;
  readonly running: readonly Reservation[];
};

/** What a running simulation may reach: narrow ports, each a line here and a line where the engine is made. */
export type Context = {
  readonly clock: Clock;
  readonly pool: Pool;
  readonly supply: Supply;
  /** Where it puts what it does to requests and probes. */
  readonly effects: EffectBoard;
};

/**
 * The parts of one kind's report, beside those that all kinds share; numbers, texts, or nothing where there is nothing to say.
 * `sample` is one of the values over time: a kind without any describes one and gives none.
 */
type Report = {
  readonly requested: object;
  readonly granted: object;
  readonly delivered: object;
  readonly sample: object;
};

/** What was measured so far. */
export type Figures<Of extends Report = Report> = {
  readonly delivered: Of['delivered'];
  /** Delivered over due, 1 is exact; `null` while nothing was due yet, and for what is no amount. */
  readonly accuracy: number | null;
  readonly samples: readonly Of['sample'][];
};

/** A simulation at work. */
export type Work<Of extends Report = Report> = {
  /** @param isOver the last figures: nothing more is delivered after `elapsedSeconds`. */
  readonly figures: (elapsedSeconds: number, isOver: boolean) => Figures<Of>;
  /** Of the memory that it reserves, how much is resident now; absent where it reserves none. */
  readonly residentBytes?: () => number;
  /** Ends it now; harmless when it is over. */
  readonly stop: () => void;
  /** Resolves when it is over, by itself or stopped. */
  readonly over: Promise<WorkEnd>;
};

/** `failure`: it broke. `because`: it ended itself early, and why. */
type WorkEnd = { readonly failure?: unknown; readonly because?: Ending };

/** A granted request, ready to start. */
export type Plan<Of extends Report = Report> = {
  /** How long it runs. It ends by itself; the engine stops it a second later if it has not. */
  readonly seconds: number;
  /** What it keeps from others until it ends; nothing for what is no amount. */
  readonly reserves: Partial<Pick<Reservation, 'cores' | 'threads' | 'memoryBytes'>>;
  readonly requested: Of['requested'];
  readonly granted: Of['granted'];
  /** What is said while it has not started. */
  readonly nothing: Figures<Of>;
  readonly start: (context: Context) => Promise<Work<Of>>;
};

/** A metric of a kind, named as on /metrics and labelled by `kind` there. */
export type KindMetric<Of extends Report = Report> = {
  /** A gauge is the sum over the simulations that run; a counter is the sum over those that run and those that ended. */
  readonly type: 'gauge' | 'counter';
  readonly help: string;
  readonly of: (simulation: Pick<Of, 'requested' | 'granted' | 'delivered'>) => number;
};

type Schemas = { readonly [Part in keyof Report]: TObject };

/** All that the engine asks of a kind. */
export type Startable<Code extends string = string> = Pick<Kind<string, Report, Code>, 'name' | 'plan'>;

export type Kind<Name extends string = string, Of extends Report = Report, Code extends string = string> = {
  /** As in `POST /simulations/{kind}`, `skyops simulate {kind}` and metric labels. */
  readonly name: Name;
  readonly summary: string;
  readonly description: string;
  /** Who may start one: `destructive` may take this replica, or what stands beside it, down. */
  readonly access: 'operator' | 'destructive';
  /** The body that starts one; validates it, and describes it in the OpenAPI document and on the command line. */
  readonly request: TObject;
  /** Describes the report in the OpenAPI document. */
  readonly report: Schemas;
  /** One request and its report, taken from a running service, for the documentation. */
  readonly example: Figures<Of> & {
    readonly request: Readonly<Record<string, unknown>>;
    readonly requested: Of['requested'] & { readonly seconds: number };
    readonly granted: Of['granted'] & { readonly seconds: number };
  };
  /** How it refuses, beside the ways of every kind: problem codes, OpenAPI and metric labels come from here. */
  readonly refusals: RefusalMeanings<Code>;
  /** Its own metrics; how many run, started and ended is counted for every kind. */
  readonly metrics: Readonly<Record<string, KindMetric<Of>>>;
  /** What was delivered so far, in the few words of a progress line: `0.25 cores`. */
  readonly progress: (delivered: Of['delivered']) => string;
  /** Pure. `request` has passed the schema; what the schema cannot say is refused here. */
  readonly plan: (
    request: unknown,
    circumstances: Circumstances,
  ) => Outcome<Plan<Of>, Refusal<Code | EngineRefusalCode>>;
};
