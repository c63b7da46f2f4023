/** The contract of a kind of simulation: what it takes, what may be granted, and how it runs. */
import type { TObject } from 'typebox';
import type { Outcome } from '#foundation/outcome.ts';
import type { CapacityRefusal, Caps, CpuHolding, CpuSupply } from './capacity.ts';
import type { Pool } from './worker/pool.ts';

/** What a plan is decided on; plain values, read at that moment. */
export type Circumstances = {
  readonly caps: Caps;
  readonly supply: CpuSupply;
  readonly running: readonly CpuHolding[];
};

/** What a running simulation works with. */
export type Means = { readonly pool: Pool };

/** A simulation at work. */
export type Work = {
  /** Cumulative CPU time that the kernel has accounted to it, in core-seconds. */
  readonly coreSeconds: () => number;
  /** Ends it now; harmless when it is over. */
  readonly stop: () => void;
  /** Resolves when it is over, by itself or stopped; `failure` says that it broke. */
  readonly over: Promise<{ readonly failure?: unknown }>;
};

/** A granted request, ready to begin. `Requested` and `Granted` are what the report shows of it. */
export type Plan<Requested = unknown, Granted = unknown> = {
  readonly seconds: number;
  readonly cores: number;
  readonly workers: number;
  /** What is to be delivered until this many seconds after the start. */
  readonly dueCoreSeconds: (untilSeconds: number) => number;
  readonly requested: Requested;
  readonly granted: Granted;
  readonly begin: (means: Means) => Promise<Work>;
};

export type Kind<Requested = unknown, Granted = unknown> = {
  /** As in `POST /simulations/{kind}` and in metric labels. */
  readonly name: string;
  readonly summary: string;
  readonly description: string;
  /** The body that starts one; validates it, and describes it in the OpenAPI document. */
  readonly request: TObject;
  readonly example: Readonly<Record<string, unknown>>;
  /** Pure. `request` has passed the schema; what the schema cannot say is refused here. */
  readonly plan: (request: unknown, circumstances: Circumstances) => Outcome<Plan<Requested, Granted>, CapacityRefusal>;
};
