/** Requests: how many, how long, how many at the moment. */
import { Counter, Gauge } from '@prometheus-io/client';
import { CLIENT_CLOSED_REQUEST, UNMATCHED_PATH } from '#observability/request-record.ts';
import { durationHistogram } from '../duration-histogram.ts';
import type { Family } from '../family.ts';
import { createRequestStats } from '../request-stats.ts';

export const httpFamily: Family = (registry, { clock, settings, identity }) => {
  const registers = [registry];
  const stats = createRequestStats(clock.epochMs);
  new Counter({
    name: 'skyops_http_requests_total',
    help: 'Requests that ended, by status; 499 is a client that left before the answer.',
    labelNames: ['method', 'path', 'status'],
    registers,
    collect() {
      this.reset();
      for (const { method, path, status, count } of stats.all()) this.inc({ method, path, status }, count);
    },
  });
  durationHistogram(
    registry,
    {
      name: 'skyops_http_request_duration_seconds',
      help: 'Time from the head of the request to the end of the answer.',
    },
    stats.all,
    ({ method, path }) => ({ method, path }),
  );
  if (settings.semanticConventions === 'true') {
    // https://opentelemetry.io/docs/specs/semconv/http/http-metrics/, in the spelling of Prometheus.
    durationHistogram(
      registry,
      { name: 'http_server_request_duration_seconds', help: 'Duration of HTTP server requests.' },
      stats.all,
      ({ method, path, status }) => ({
        http_request_method: method,
        ...(path === UNMATCHED_PATH ? {} : { http_route: path }),
        // As in the span: nobody was there to be answered.
        ...(status === CLIENT_CLOSED_REQUEST
          ? { error_type: 'client_closed_request' }
          : { http_response_status_code: status }),
        url_scheme: 'http',
        ...(status >= 500 ? { error_type: status } : {}),
      }),
    );
    new Gauge({
      name: 'target_info',
      help: 'Always 1; its labels are the resource that the other metrics belong to.',
      labelNames: Object.keys(identity),
      registers,
    }).set(identity, 1);
  }
  let open = 0;
  new Gauge({
    name: 'skyops_http_requests_in_flight',
    help: 'Requests in progress.',
    registers,
    collect() {
      this.set(open);
    },
  });
  const dropped = new Counter({
    name: 'skyops_http_connections_dropped_total',
    help: 'Connections that were closed at once because there were SKYOPS_MAX_CONNECTIONS already.',
    registers,
  });
  return {
    routeDeclared: stats.declare,
    connectionDropped: () => dropped.inc(),
    requestStarted: () => {
      open += 1;
    },
    requestFinished: (record) => {
      open -= 1;
      stats.add(record);
    },
  };
};
