/** The contract of a family of metrics: what it is made from and what it listens to. */
import type { Registry } from '@prometheus-io/client';
import type { SimulationEvent } from '#simulation/engine.ts';
import type { SimulationSummary } from '#simulation/simulation.ts';
import type { UsageSnapshot } from '#usage/sampler.ts';
import type { RequestRecord } from '../request-record.ts';

export type MetricSources = {
  readonly build: { readonly version: string; readonly revision: string; readonly runtime: string };
  readonly usage: () => UsageSnapshot;
  readonly running: () => readonly SimulationSummary[];
  readonly droppedLogLines: () => number;
};

/** A family may hear of what happens; what it can look up at scrape time it looks up then. */
type FamilyListener = {
  readonly requestStarted?: () => void;
  readonly requestFinished?: (record: RequestRecord) => void;
  readonly simulation?: (event: SimulationEvent) => void;
  readonly connectionDropped?: () => void;
};

/** Registers its metrics. Names carry the prefix `skyops_` and the base unit; every label is a closed set. */
export type Family = (registry: Registry, sources: MetricSources) => FamilyListener;
