/** The thread that sends spans to a collector by OTLP, in batches; the only file that OpenTelemetry's packages are loaded by. */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import {
  createTraceState,
  type HrTime,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
} from '@opentelemetry/api';
import { type ExportResult, ExportResultCode } from '@opentelemetry/core';
import { CompressionAlgorithm } from '@opentelemetry/otlp-exporter-base';
import { defaultResource, resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, type ReadableSpan, type SpanExporter } from '@opentelemetry/sdk-trace';
import type { ExportFailure, ExportNews, ExportOrders, ExportRequest } from './export.ts';
import { DEFAULT_SERVICE_NAME } from './settings.ts';
import type { Span } from './span.ts';

/** The exporter tries again for its own timeout; what takes longer than that hangs. */
const HANGING_MS = 1000;

const { target, settings, resource } = workerData as ExportOrders;
const main = parentPort as MessagePort;
const tell = (news: ExportNews) => main.postMessage(news);

/** Only the protocol that is used is loaded: gRPC is several times as large as all the rest. */
async function openExporter(): Promise<SpanExporter> {
  const { url, headers, timeoutMs: timeoutMillis } = target;
  const compression = target.compression === 'gzip' ? CompressionAlgorithm.GZIP : CompressionAlgorithm.NONE;
  if (target.protocol === 'http/protobuf') {
    const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-proto');
    return new OTLPTraceExporter({ url, headers, timeoutMillis, compression });
  }
  const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-grpc');
  const { credentials, Metadata } = await import('@grpc/grpc-js');
  const metadata = new Metadata();
  // Names that end so are for bytes, which no variable can hold.
  for (const [name, value] of Object.entries(headers)) if (!name.endsWith('-bin')) metadata.set(name, value);
  const { protocol, hostname, port } = new URL(url);
  if (protocol === 'https:') return new OTLPTraceExporter({ url, metadata, timeoutMillis, compression });
  // A URL of http loses its port 80, and gRPC would then take 443; one of another scheme keeps it.
  const plain = `grpc://${hostname}:${port === '' ? 80 : port}`;
  return new OTLPTraceExporter({
    url: plain,
    credentials: credentials.createInsecure(),
    metadata,
    timeoutMillis,
    compression,
  });
}

const opening = openExporter();
const telling: SpanExporter = {
  export: (spans, done) => {
    const told = (result: ExportResult) => {
      const { code, error } = result;
      if (code === ExportResultCode.SUCCESS) tell({ type: 'settled', count: spans.length });
      else tell({ type: 'settled', count: spans.length, cause: failureOf(error) });
      done(result);
    };
    opening.then(
      (otlp) => otlp.export(spans, told),
      (error: Error) => told({ code: ExportResultCode.FAILED, error }),
    );
  },
  forceFlush: async () => (await opening).forceFlush?.(),
  shutdown: async () => (await opening).shutdown(),
};
const processor = new BatchSpanProcessor({
  exporter: telling,
  // Bounded by whoever sends the spans here, who counts those under way too.
  maxQueueSize: settings.queueSize,
  maxExportBatchSize: Math.min(settings.batchSize, settings.queueSize),
  scheduledDelayMillis: settings.batchDelayMs,
  exportTimeoutMillis: target.timeoutMs + HANGING_MS,
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

main.on('message', (request: ExportRequest) => {
  if (request.type === 'spans') {
    for (const span of request.spans) processor.onEnd({ ...shared, ...readable(span) });
    return;
  }
  const done = () => tell({ type: 'done' });
  const sent = request.type === 'flush' ? processor.forceFlush() : processor.shutdown();
  // What could not be sent has been told of already.
  sent.then(done, done);
});

const failureOf = (error: (Error & { code?: unknown }) | undefined): ExportFailure => ({
  message: error?.message ?? 'unknown',
  code: typeof error?.code === 'string' ? error.code : undefined,
});

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
