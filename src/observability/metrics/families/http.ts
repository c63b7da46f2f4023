/** Requests: how many, how long, how many at the moment. */
import { Counter, Gauge, Histogram } from '@prometheus-io/client';
import type { Family } from '../family.ts';

/** OpenTelemetry's advice for http.server.request.duration, so that dashboards of both worlds agree. */
const DURATION_BUCKETS_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

export const httpFamily: Family = (registry) => {
  const registers = [registry];
  const requests = new Counter({
    name: 'skyops_http_requests_total',
    help: 'Requests that ended, by status; 499 is a client that left before the answer.',
    labelNames: ['method', 'path', 'status'],
    registers,
  });
  const duration = new Histogram({
    name: 'skyops_http_request_duration_seconds',
    help: 'Time from the head of the request to the end of the answer.',
    labelNames: ['method', 'path'],
    buckets: DURATION_BUCKETS_SECONDS,
    registers,
  });
  const inFlight = new Gauge({
    name: 'skyops_http_requests_in_flight',
    help: 'Requests that have begun and not ended.',
    registers,
  });
  const dropped = new Counter({
    name: 'skyops_http_connections_dropped_total',
    help: 'Connections that were closed at once because there were SKYOPS_MAX_CONNECTIONS already.',
    registers,
  });
  return {
    connectionDropped: () => dropped.inc(),
    requestStarted: () => inFlight.inc(),
    requestFinished: ({ method, path, status, durationMs }) => {
      inFlight.dec();
      requests.inc({ method, path, status });
      duration.observe({ method, path }, durationMs / 1000);
    },
  };
};
