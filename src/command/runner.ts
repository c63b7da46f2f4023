/** The contract of what runs a simulation for the command line: this process, or a SkyOps somewhere else. */
import type { ApiRefusal } from '#client/api.ts';
import type { Outcome } from '#foundation/outcome.ts';
import type { AnyKind } from '#simulation/catalog.ts';
import type { Simulation } from '#simulation/simulation.ts';

export type Running = {
  /** Resolves with the report. Calls `onProgress`, if anybody wants to see it, about once a second until then. */
  readonly watch: (onProgress: ((simulation: Simulation) => void) | undefined) => Promise<Simulation>;
  /** Asks for the end; `watch` then resolves soon. */
  readonly cancel: () => Promise<void>;
};

export type Runner = {
  readonly start: (kind: AnyKind, body: Readonly<Record<string, unknown>>) => Promise<Outcome<Running, ApiRefusal>>;
  readonly close: () => Promise<void>;
};

export const PROGRESS_PERIOD_MS = 1000;
