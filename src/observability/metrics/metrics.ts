/** Collects what the families count and renders it in the format that the scraper asks for. */

import { Registry } from '@prometheus-io/client';
import Negotiator from 'negotiator';
import type { SimulationEvent } from '#simulation/event.ts';
import type { SimulationSummary } from '#simulation/simulation.ts';
import type { RequestObserver, RequestRecord } from '../request-record.ts';
import { families } from './catalog.ts';
import type { MetricSources } from './family.ts';
import { gauges } from './read-at-scrape.ts';

type Exposition = { readonly contentType: string; readonly body: string };

export type Metrics = RequestObserver & {
  readonly simulation: (event: SimulationEvent) => void;
  /** A connection was closed because there are too many. */
  readonly connectionDropped: () => void;
  /** @param accept the Accept header of the scrape, `''` without one. */
  readonly render: (accept: string) => Promise<Exposition>;
};

export function createMetrics(sources: MetricSources): Metrics {
  const registry = new Registry();
  // Read once a scrape, whatever is made of it.
  let runningNow: readonly SimulationSummary[] = [];
  const listeners = families.map((family) => family(registry, { ...sources, running: () => runningNow }));
  const onStarted = listeners.flatMap(({ requestStarted }) => requestStarted ?? []);
  const onFinished = listeners.flatMap(({ requestFinished }) => requestFinished ?? []);
  let lastSeconds: number | null = null;
  gauges(registry, {
    skyops_scrape_duration_seconds: [
      'How long it took to make the answer to the scrape before this one.',
      () => lastSeconds,
    ],
  });
  let queue: Promise<unknown> = Promise.resolve();

  async function renderNow(accept: string): Promise<Exposition> {
    const beganMs = sources.clock.monotonicMs();
    const metrics = registry.getMetricsAsArray();
    const names = metrics.map((metric) => metric.name);
    registry.setContentType(
      wantsOpenMetrics(accept) ? Registry.OPENMETRICS_CONTENT_TYPE : Registry.PROMETHEUS_CONTENT_TYPE,
    );
    runningNow = sources.running();
    const body = await registry.metrics();
    runningNow = [];
    // Rendering OpenMetrics takes `_total` off the counters' names for good; the next scrape may want them back.
    for (const [index, metric] of metrics.entries()) metric.name = names[index] ?? metric.name;
    lastSeconds = (sources.clock.monotonicMs() - beganMs) / 1000;
    return { contentType: registry.contentType, body };
  }

  return {
    started: () => {
      for (const requestStarted of onStarted) requestStarted();
    },
    finished: (record: RequestRecord) => {
      for (const requestFinished of onFinished) requestFinished(record);
    },
    declared: (method, path, status) => {
      for (const listener of listeners) listener.routeDeclared?.(method, path, status);
    },
    connectionDropped: () => {
      for (const listener of listeners) listener.connectionDropped?.();
    },
    simulation: (event) => {
      for (const listener of listeners) listener.simulation?.(event);
    },
    render: (accept) => {
      // A registry has one content type, so scrapes that overlap take turns.
      const turn = queue.then(() => renderNow(accept));
      queue = turn.catch(() => {});
      return turn;
    },
  };
}

/**
 * OpenMetrics only where it is asked for by name, and not later than plain text: everything else, a browser included, can read the text format.
 * Prometheus asks for `application/openmetrics-text;version=1.0.0` first, among others with lower weights.
 */
function wantsOpenMetrics(accept: string): boolean {
  const wanted = new Negotiator({ headers: { accept: accept.toLowerCase() } }).mediaTypes();
  const isText = (type: string) => ['text/plain', 'text/*', '*/*'].includes(type);
  return (
    wanted.find((type) => type === 'application/openmetrics-text' || isText(type)) === 'application/openmetrics-text'
  );
}
