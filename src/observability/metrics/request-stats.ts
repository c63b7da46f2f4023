/** Counts requests where they are already sorted, so that one costs three lookups and two additions; the rest is done at the scrape. */
import type { RequestRecord } from '../request-record.ts';

/** OpenTelemetry's advice for http.server.request.duration, so that dashboards of both worlds agree. */
export const DURATION_BUCKETS_SECONDS: readonly number[] = [
  0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10,
];

/** One request of a bucket whose span is exported: the way from a figure to an example of it. */
export type Exemplar = {
  readonly traceId: string;
  readonly spanId: string;
  readonly seconds: number;
  readonly epochMs: number;
};

/** All requests of one method, path and status. */
export class RequestStat {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  count = 0;
  sumSeconds = 0;
  /** One for each bound and one for what is longer; each request is in one of them. */
  readonly buckets = new Float64Array(DURATION_BUCKETS_SECONDS.length + 1);
  readonly exemplars: (Exemplar | undefined)[] = [];

  constructor(method: string, path: string, status: number) {
    this.method = method;
    this.path = path;
    this.status = status;
  }

  add(seconds: number): number {
    let bucket = 0;
    // Nearly every request is in the first one.
    while (seconds > (DURATION_BUCKETS_SECONDS[bucket] ?? Number.POSITIVE_INFINITY)) bucket += 1;
    this.count += 1;
    this.sumSeconds += seconds;
    this.buckets[bucket] = (this.buckets[bucket] ?? 0) + 1;
    return bucket;
  }
}

export type RequestStats = {
  readonly add: (record: RequestRecord) => void;
  /** Makes the series of a route before its first request, so that rate() sees that one too. */
  readonly declare: (method: string, path: string, status: number) => void;
  readonly all: () => readonly RequestStat[];
};

/** The labels are closed sets: methods and paths as in the record, statuses as this service answers. */
export function createRequestStats(epochMs: () => number): RequestStats {
  const byPath = new Map<string, Map<string, Map<number, RequestStat>>>();

  function statOf(method: string, path: string, status: number): RequestStat {
    const byMethod = byPath.get(path) ?? addTo(byPath, path, new Map<string, Map<number, RequestStat>>());
    const byStatus = byMethod.get(method) ?? addTo(byMethod, method, new Map<number, RequestStat>());
    return byStatus.get(status) ?? addTo(byStatus, status, new RequestStat(method, path, status));
  }

  return {
    add: ({ method, path, status, durationMs, trace }) => {
      const stat = statOf(method, path, status);
      const seconds = durationMs / 1000;
      const bucket = stat.add(seconds);
      if (!trace.isSampled) return;
      stat.exemplars[bucket] = { traceId: trace.traceId, spanId: trace.spanId, seconds, epochMs: epochMs() };
    },
    declare: (method, path, status) => void statOf(method, path, status),
    all: () => [...byPath.values()].flatMap((methods) => [...methods.values()].flatMap((stats) => [...stats.values()])),
  };
}

function addTo<Key, Value>(map: Map<Key, Value>, key: Key, value: Value): Value {
  map.set(key, value);
  return value;
}
