/** What happens, as log lines: a fixed message and fields with stable names. */
import type { Logger } from 'pino';
import type { SimulationEvent } from '#simulation/engine.ts';
import type { RequestRecord } from './request-record.ts';

export type EventLog = {
  readonly request: (record: RequestRecord) => void;
  /** Why a request was answered with 500; the answer itself does not say it. */
  readonly requestFailed: (requestId: string, cause: unknown) => void;
  readonly simulation: (event: SimulationEvent) => void;
};

export function createEventLog(logger: Logger): EventLog {
  return {
    request: ({ requestId, method, path, status, durationMs, bytesSent, client, isRoutine }) => {
      const fields = {
        request_id: requestId,
        method,
        path,
        status,
        duration_ms: Math.round(durationMs * 1000) / 1000,
        bytes: bytesSent,
        client,
      };
      // What went wrong is a line of its own under the same request id; this one only counts and times.
      logger[isRoutine ? 'debug' : 'info'](fields, 'request finished');
    },
    requestFailed: (requestId, cause) => logger.error({ request_id: requestId, err: cause }, 'request failed'),
    simulation: (event) => {
      const { requestId: request_id } = event;
      if (event.type === 'simulation-refused') {
        logger.warn({ request_id, kind: event.kind, code: event.refusal.code }, 'simulation refused');
        return;
      }
      const { id, kind, requested, granted, delivered, accuracy, throttled_seconds, ended_because } = event.simulation;
      if (event.type === 'simulation-started') {
        logger.info({ request_id, simulation_id: id, kind, requested, granted }, 'simulation started');
        return;
      }
      const fields = {
        request_id,
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
