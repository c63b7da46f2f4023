/** The contract of a kind of simulation: what it takes, what may be granted, how it runs, and what is said of it. */
import type { TObject } from 'typebox';
import type { Clock } from '#foundation/clock.ts';
import type { Outcome } from '#foundation/outcome.ts';
import type { Caps } from './capacity/caps.ts';
import type { CpuSupply } from './capacity/cpu.ts';
import type { CapacityRefusal, Holding } from './capacity/holding.ts';
import type { MemorySupply } from './capacity/memory.ts';
import type { Ending } from './report.ts';
import type { Pool } from './worker/pool.ts';

/** What the machine and the container allow now. Read only as far as somebody looks: files of the kernel cost time. */
export type Supply = { readonly cpu: () => CpuSupply; readonly memory: () => MemorySupply };

/** What a plan is decided on; plain values, read at that moment. */
export type Circumstances = {
  readonly caps: Caps;
  readonly supply: Supply;
  readonly running: readonly Holding[];
};

/** What a running simulation works with. */
export type Means = { readonly pool: Pool; readonly clock: Clock; readonly supply: Supply };

/** The words of one kind's report, beside those that all kinds share. */
type Words = {
  readonly requested: object;
  readonly granted: object;
  readonly delivered: object;
  readonly sample: object;
};

/** What was measured so far. */
export type Figures<Of extends Words = Words> = {
  readonly delivered: Of['delivered'];
  /** Delivered over due, 1 is exact; `null` while nothing was due yet. */
  readonly accuracy: number | null;
  readonly samples: readonly Of['sample'][];
};

/** A simulation at work. */
export type Work<Of extends Words = Words> = {
  /** @param isOver the last figures: nothing more is delivered after `elapsedSeconds`. */
  readonly figures: (elapsedSeconds: number, isOver: boolean) => Figures<Of>;
  readonly residentBytes: () => number;
  /** Ends it now; harmless when it is over. */
  readonly stop: () => void;
  /** Resolves when it is over, by itself or stopped. */
  readonly over: Promise<WorkEnd>;
};

/** `failure`: it broke. `because`: it ended itself early, and why. */
type WorkEnd = { readonly failure?: unknown; readonly because?: Ending };

/** A granted request, ready to begin. */
export type Plan<Of extends Words = Words> = {
  readonly seconds: number;
  readonly holds: Pick<Holding, 'cores' | 'workers' | 'memoryBytes'>;
  readonly requested: Of['requested'];
  readonly granted: Of['granted'];
  /** What is said while it has not begun. */
  readonly nothing: Figures<Of>;
  readonly begin: (means: Means) => Promise<Work<Of>>;
};

type Schemas = { readonly [Word in keyof Words]: TObject };

export type Kind<Name extends string = string, Of extends Words = Words> = {
  /** As in `POST /simulations/{kind}` and in metric labels. */
  readonly name: Name;
  readonly summary: string;
  readonly description: string;
  /** The body that starts one; validates it, and describes it in the OpenAPI document. */
  readonly request: TObject;
  /** Describes the report in the OpenAPI document. */
  readonly words: Schemas;
  /** One request and its report, taken from a running service, for the documentation. */
  readonly example: Figures<Of> & {
    readonly request: Readonly<Record<string, unknown>>;
    readonly requested: Of['requested'] & { readonly seconds: number };
    readonly granted: Of['granted'];
  };
  /** Pure. `request` has passed the schema; what the schema cannot say is refused here. */
  readonly plan: (request: unknown, circumstances: Circumstances) => Outcome<Plan<Of>, CapacityRefusal>;
};
