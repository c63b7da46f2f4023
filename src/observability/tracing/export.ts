/** Sends spans to a collector by OTLP, in batches; the only file that OpenTelemetry's packages are loaded by, and only if there is a collector. */
import {
  createTraceState,
  type HrTime,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
} from '@opentelemetry/api';
import { type ExportResult, ExportResultCode } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { CompressionAlgorithm } from '@opentelemetry/otlp-exporter-base';
import { defaultResource, resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, type ReadableSpan, type SpanExporter } from '@opentelemetry/sdk-trace';
import { DEFAULT_SERVICE_NAME } from './settings.ts';
import type { Span } from './span.ts';
import type { SpanExport, TracingParts } from './tracing.ts';

/** The exporter tries again for its own timeout; what takes longer than that hangs. */
const HANGING_MS = 1000;

/** @param url the traces endpoint of the collector. */
export function openExport(url: string, { settings, resource, onExport }: TracingParts): SpanExport {
  let [exported, failed, dropped, waiting] = [0, 0, 0, 0];
  let isWorking: boolean | undefined;
  const otlp = new OTLPTraceExporter({
    url,
    headers: { ...settings.headers, ...settings.tracesHeaders },
    timeoutMillis: settings.exportTimeoutMs,
    compression: settings.compression === 'gzip' ? CompressionAlgorithm.GZIP : CompressionAlgorithm.NONE,
  });

  function settle(count: number, { code, error }: ExportResult): void {
    waiting -= count;
    const works = code === ExportResultCode.SUCCESS;
    if (works) exported += count;
    else failed += count;
    // Once for each change: a dead collector would otherwise fill the log as well.
    if (works !== (isWorking ?? true)) onExport(works, error);
    isWorking = works;
  }

  const counting: SpanExporter = {
    export: (spans, done) =>
      otlp.export(spans, (result) => {
        settle(spans.length, result);
        done(result);
      }),
    forceFlush: () => otlp.forceFlush(),
    shutdown: () => otlp.shutdown(),
  };
  const processor = new BatchSpanProcessor({
    exporter: counting,
    maxQueueSize: settings.queueSize,
    maxExportBatchSize: Math.min(settings.batchSize, settings.queueSize),
    scheduledDelayMillis: settings.batchDelayMs,
    exportTimeoutMillis: settings.exportTimeoutMs + HANGING_MS,
  });
  const known = Object.entries(resource).filter((pair): pair is [string, string] => pair[1] !== null);
  const shared = {
    resource: defaultResource().merge(
      resourceFromAttributes({
        'service.name': DEFAULT_SERVICE_NAME,
        ...Object.fromEntries(known),
        ...settings.resourceAttributes,
        ...(settings.serviceName === null ? {} : { 'service.name': settings.serviceName }),
      }),
    ),
    instrumentationScope: { name: 'skyops', version: resource['service.version'] ?? '' },
  };

  return {
    take: (span) => {
      // Those under way count too: a collector that hangs would otherwise hold a batch after the other in memory.
      if (waiting >= settings.queueSize) {
        dropped += 1;
        return;
      }
      waiting += 1;
      processor.onEnd({ ...shared, ...readable(span) });
    },
    counts: () => ({ exported, failed, dropped }),
    flush: () => processor.forceFlush(),
    close: () => processor.shutdown(),
  };
}

/**
 * Handed to the processor as it reads spans, not through a tracer: a tracer makes its span when the work begins, with an id of
 * its own, for every request, sampled or not.
 */
function readable(span: Span): Omit<ReadableSpan, 'resource' | 'instrumentationScope'> {
  const { context, parent } = span;
  const traceState = span.traceState === undefined ? undefined : createTraceState(span.traceState);
  const own: SpanContext = {
    traceId: context.traceId,
    spanId: context.spanId,
    traceFlags: TraceFlags.SAMPLED,
    ...(traceState === undefined ? {} : { traceState }),
  };
  return {
    name: span.name,
    kind: span.kind === 'server' ? SpanKind.SERVER : SpanKind.INTERNAL,
    spanContext: () => own,
    ...(parent === undefined ? {} : { parentSpanContext: { ...own, ...parent } }),
    startTime: hrTime(span.startEpochMs),
    endTime: hrTime(span.endEpochMs),
    duration: hrTime(span.endEpochMs - span.startEpochMs),
    ended: true,
    status: { code: span.isError ? SpanStatusCode.ERROR : SpanStatusCode.UNSET },
    attributes: span.attributes,
    events: span.events.map(({ name, epochMs, attributes }) => ({ name, time: hrTime(epochMs), attributes })),
    links: [],
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  };
}

function hrTime(milliseconds: number): HrTime {
  const seconds = Math.floor(milliseconds / 1000);
  return [seconds, Math.round((milliseconds - seconds * 1000) * 1e6)];
}
