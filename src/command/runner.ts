/** The contract of what runs a simulation for the command line: this process, or a SkyOps somewhere else. */
import type { Outcome } from '#foundation/outcome.ts';
import type { AnyKind } from '#simulation/catalog.ts';
import type { Simulation } from '#simulation/simulation.ts';

/** A request that was not granted, as the API's problems say it. */
export type NotStarted = {
  readonly detail: string;
  readonly errors: readonly { readonly pointer: string; readonly message: string }[];
  /** There where the same request may be granted later. */
  readonly retryAfterSeconds: number | undefined;
  /** Wrong in itself, so that nothing but another request will do. */
  readonly isWrong: boolean;
};

export type Running = {
  /** Resolves with the report. Calls `onProgress`, if anybody wants to see it, about once a second until then. */
  readonly watch: (onProgress: ((simulation: Simulation) => void) | undefined) => Promise<Simulation>;
  /** Asks for the end; `watch` then resolves soon. */
  readonly cancel: () => Promise<void>;
};

export type Runner = {
  readonly start: (kind: AnyKind, body: Readonly<Record<string, unknown>>) => Promise<Outcome<Running, NotStarted>>;
  readonly close: () => Promise<void>;
};

export const PROGRESS_PERIOD_MS = 1000;
