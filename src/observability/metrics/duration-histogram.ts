/** Renders accumulated requests as a histogram; the client's own one would hash the labels of every request. */
import type { Registry } from '@prometheus-io/client';
import { DURATION_BUCKETS_SECONDS, type Exemplar, type RequestStat } from './request-stats.ts';

type Labels = Readonly<Record<string, string | number>>;

/** What the registry reads of a metric: the client's own classes have this form too. */
type Sample = {
  readonly labels: Labels;
  readonly value: number;
  readonly metricName: string;
  readonly exemplar?: { readonly labelSet: Labels; readonly value: number; readonly timestamp: number };
};

/**
 * @param labelsOf gives each stat its series; stats with the same labels are added up.
 */
export function durationHistogram(
  registry: Registry,
  { name, help }: { readonly name: string; readonly help: string },
  stats: () => readonly RequestStat[],
  labelsOf: (stat: RequestStat) => Labels,
): void {
  const metric = {
    name,
    help,
    type: 'histogram',
    aggregator: 'sum',
    get: async () => ({ name, help, type: 'histogram', aggregator: 'sum', values: samples() }),
    reset: () => {},
  };

  function samples(): Sample[] {
    const series = Map.groupBy(
      stats().filter(({ count }) => count > 0),
      (stat) => JSON.stringify(labelsOf(stat)),
    );
    return [...series.values()].flatMap((same) => seriesOf(name, labelsOf(same[0] as RequestStat), same));
  }
  // The registry asks for no more than this, whatever its types say.
  registry.registerMetric(metric as unknown as Parameters<Registry['registerMetric']>[0]);
}

function seriesOf(name: string, labels: Labels, stats: readonly RequestStat[]): Sample[] {
  let below = 0;
  const buckets = [...DURATION_BUCKETS_SECONDS, '+Inf'].map((le, index) => {
    below += sum(stats.map(({ buckets }) => buckets[index] ?? 0));
    const exemplar = latest(stats.map(({ exemplars }) => exemplars[index]));
    const bucket = { labels: { le, ...labels }, value: below, metricName: `${name}_bucket` };
    if (exemplar === undefined) return bucket;
    const { traceId, spanId, seconds, epochMs } = exemplar;
    const labelSet = { trace_id: traceId, span_id: spanId };
    return { ...bucket, exemplar: { labelSet, value: seconds, timestamp: epochMs / 1000 } };
  });
  return [
    ...buckets,
    { labels, value: sum(stats.map(({ sumSeconds }) => sumSeconds)), metricName: `${name}_sum` },
    { labels, value: below, metricName: `${name}_count` },
  ];
}

function latest(exemplars: readonly (Exemplar | undefined)[]): Exemplar | undefined {
  return exemplars.reduce((best, each) => ((each?.epochMs ?? 0) > (best?.epochMs ?? 0) ? each : best), undefined);
}

const sum = (amounts: readonly number[]) => amounts.reduce((total, amount) => total + amount, 0);
