/** What happens, as log lines: a fixed message and fields with stable names. */
import type { Clock } from '#foundation/clock.ts';
import type { TraceContext } from '#foundation/trace-context.ts';
import { tricks } from '#foundation/tricks.ts';
import type { SimulationEvent } from '#simulation/event.ts';
import type { Log } from './logger.ts';
import { createRequestLine } from './request-line.ts';
import type { RequestRecord } from './request-record.ts';

export type EventLog = {
  readonly request: (record: RequestRecord) => void;
  /** Why a request was answered with 500; the answer itself does not say it. */
  readonly requestFailed: (requestId: string, trace: TraceContext | undefined, cause: unknown) => void;
  readonly simulation: (event: SimulationEvent) => void;
};

type EventLogParts = Pick<Log, 'logger' | 'base' | 'writeSoon'>;

export function createEventLog({ logger, base, writeSoon }: EventLogParts, { epochMs }: Clock): EventLog {
  const lineOf = createRequestLine(base, epochMs);
  return {
    request: (record) => {
      const level = record.isProbe ? 'debug' : 'info';
      // What went wrong is a line of its own under the same request id; this one only counts and times.
      if (!logger.isLevelEnabled(level)) return;
      if (tricks.requestLine) writeSoon(lineOf(record, level));
      else logger[level](requestFields(record), 'request finished');
    },
    requestFailed: (requestId, trace, cause) =>
      logger.error({ request_id: requestId, ...traceFields(trace), err: cause }, 'request failed'),
    simulation: (event) => {
      const origin = { request_id: event.requestId, ...traceFields(event.trace) };
      if (event.type === 'simulation-refused') {
        logger.warn({ ...origin, kind: event.kind, code: event.refusal.code }, 'simulation refused');
        return;
      }
      const { id, kind, requested, granted, delivered, accuracy, throttled_seconds, ended_because } = event.simulation;
      if (event.type === 'simulation-started') {
        logger.info({ ...origin, simulation_id: id, kind, requested, granted }, 'simulation started');
        return;
      }
      const fields = {
        ...origin,
        simulation_id: id,
        kind,
        ended_because,
        requested,
        granted,
        delivered,
        accuracy,
        throttled_seconds,
      };
      if (event.failure === undefined) logger.info(fields, 'simulation ended');
      else logger.error({ ...fields, err: event.failure }, 'simulation failed');
    },
  };
}

/** The same line, for pino to write. */
function requestFields({ requestId, trace, method, path, status, durationMs, bytesSent, client }: RequestRecord) {
  const duration_ms = Math.round(durationMs * 1000) / 1000;
  return { request_id: requestId, ...traceFields(trace), method, path, status, duration_ms, bytes: bytesSent, client };
}

/** Under the names that OpenTelemetry gives them in logs that are not its own, so that a store can join the two. */
function traceFields(trace: TraceContext | undefined): { trace_id?: string; span_id?: string } {
  return trace === undefined ? {} : { trace_id: trace.traceId, span_id: trace.spanId };
}
