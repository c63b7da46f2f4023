/** The contract of a family of metrics: what it is made from and what it listens to. */
import type { Registry } from '@prometheus-io/client';
import type { Clock } from '#foundation/clock.ts';
import type { SimulationEvent } from '#simulation/event.ts';
import type { SimulationSummary } from '#simulation/simulation.ts';
import type { UsageSnapshot } from '#usage/sampler.ts';
import type { RequestRecord } from '../request-record.ts';
import type { SpanCounts } from '../tracing/export.ts';
import type { MetricsSettings } from './settings.ts';

export type MetricSources = {
  readonly clock: Clock;
  readonly settings: MetricsSettings;
  /** What target_info says: the resource, as Prometheus spells it. */
  readonly identity: Readonly<Record<string, string>>;
  readonly build: { readonly version: string; readonly revision: string; readonly runtime: string };
  readonly usage: () => UsageSnapshot;
  readonly running: () => readonly SimulationSummary[];
  readonly droppedLogLines: () => number;
  /** `null` where no traces are exported. */
  readonly spans: () => SpanCounts | null;
};

/** A family may hear of what happens; what it can look up at scrape time it looks up then. */
export type FamilyListener = {
  readonly requestStarted?: () => void;
  readonly requestFinished?: (record: RequestRecord) => void;
  readonly simulation?: (event: SimulationEvent) => void;
  readonly connectionDropped?: () => void;
  readonly routeDeclared?: (method: string, path: string, status: number) => void;
};

/** Registers its metrics. Names carry the prefix `skyops_` and the base unit; every label is a closed set. */
export type Family = (registry: Registry, sources: MetricSources) => FamilyListener;
