/** Continues the caller's trace or begins one, for every request; makes spans of those that are exported, once they are over. */
import { newSpanId, newTraceId } from '#foundation/trace-context.ts';
import type { SimulationEvent } from '#simulation/event.ts';
import type { RequestRecord, RequestTrace } from '../request-record.ts';
import type { ExporterParts, SpanCounts } from './export.ts';
import { type CallerHeaders, createPropagation } from './propagation.ts';
import { createSampler, type Sampler } from './sampling.ts';
import { exportTarget } from './settings.ts';
import { requestSpan, simulationSpan } from './span.ts';

export type Tracing = {
  /**
   * @param ownRequestId the request's id if it was made here: it is the trace id too where the caller brings no trace.
   * @param headers those of the request, as they were sent.
   */
  readonly begin: (ownRequestId: string | undefined, headers: CallerHeaders) => RequestTrace;
  readonly request: (record: RequestRecord) => void;
  readonly simulation: (event: SimulationEvent) => void;
  /** `null` where nothing is exported. */
  readonly counts: () => SpanCounts | null;
  readonly flush: () => Promise<void>;
  readonly close: () => Promise<void>;
};

const never: Sampler = () => false;

/** Loads OpenTelemetry only if there is somewhere to send spans to: every start would pay for its packages, and hardly any needs them. */
export async function openTracing(parts: ExporterParts): Promise<Tracing> {
  const { clock, settings } = parts;
  const target = exportTarget(settings);
  const exporting = target === undefined ? undefined : new (await import('./export.ts')).SpanExporter(target, parts);
  const isSampled = exporting === undefined ? never : createSampler(settings);
  const callerOf = createPropagation(settings.propagators);

  return {
    begin: (ownRequestId, headers) => {
      const parent = callerOf(headers);
      const traceId = parent?.traceId ?? ownRequestId ?? newTraceId();
      return {
        traceId,
        spanId: newSpanId(),
        isSampled: isSampled(traceId, parent),
        parentSpanId: parent?.spanId,
        traceState: parent?.traceState,
      };
    },
    request: (record) => {
      if (record.trace.isSampled) exporting?.take(requestSpan(record, clock.epochMs()));
    },
    simulation: (event) => {
      if (event.type !== 'simulation-ended' || event.trace?.isSampled !== true) return;
      exporting?.take(simulationSpan(event, { ...event.trace, spanId: newSpanId() }));
    },
    counts: () => exporting?.counts() ?? null,
    flush: async () => exporting?.flush(),
    close: async () => exporting?.close(),
  };
}
