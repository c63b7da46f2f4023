/** OpenTelemetry's own variables, as far as they mean something here; its SDK 3 reads few of them by itself. */
import { choiceSetting, type SettingValues, textSetting } from '#foundation/setting.ts';
import {
  standardBoolean,
  standardChoice,
  standardHeaders,
  standardList,
  standardNumber,
  standardPairs,
  standardPath,
  standardUrl,
} from './standard-setting.ts';

const MOST_MS = 3_600_000;
const MOST_SPANS = 65_536;

const milliseconds = (variable: string, meaning: string, fallback: number, zeroMeans?: number) =>
  standardNumber({ variable, meaning, minimum: 1, maximum: MOST_MS, fallback }, zeroMeans);

const PROTOCOLS = ['http/protobuf', 'grpc'] as const;
/** Every collector that takes JSON takes protobuf on the same port. */
const NEAREST_PROTOCOL = { 'http/json': 'http/protobuf' } as const;
const COMPRESSIONS = ['none', 'gzip'] as const;

export const tracingSettings = {
  isDisabled: standardBoolean({
    variable: 'OTEL_SDK_DISABLED',
    meaning: 'true exports nothing, whatever the other variables say.',
    fallback: false,
  }),
  exporters: standardList({
    variable: 'OTEL_TRACES_EXPORTER',
    meaning: 'none exports no traces.',
    choices: ['otlp', 'none'],
    fallback: ['otlp'],
  }),
  endpoint: standardUrl(
    'OTEL_EXPORTER_OTLP_ENDPOINT',
    'The collector; over HTTP, traces go to /v1/traces below it. Without an endpoint nothing of OpenTelemetry is loaded.',
  ),
  tracesEndpoint: standardUrl('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'Where traces go, the whole URL.'),
  protocol: standardChoice({
    variable: 'OTEL_EXPORTER_OTLP_PROTOCOL',
    meaning: 'How spans are sent; collectors usually take http/protobuf on port 4318 and grpc on 4317.',
    choices: PROTOCOLS,
    replacedBy: NEAREST_PROTOCOL,
    fallback: 'http/protobuf',
  }),
  tracesProtocol: standardChoice({
    variable: 'OTEL_EXPORTER_OTLP_TRACES_PROTOCOL',
    meaning: 'The same, for traces alone.',
    choices: PROTOCOLS,
    replacedBy: NEAREST_PROTOCOL,
    fallback: null,
  }),
  headers: standardHeaders('OTEL_EXPORTER_OTLP_HEADERS', 'Headers of every export, such as credentials.'),
  tracesHeaders: standardHeaders(
    'OTEL_EXPORTER_OTLP_TRACES_HEADERS',
    'Headers of the export of traces, added to the others.',
  ),
  certificate: standardPath('OTEL_EXPORTER_OTLP_CERTIFICATE', 'Certificates that the collector is trusted by, in PEM.'),
  clientCertificate: standardPath(
    'OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE',
    'The certificate that SkyOps shows, in PEM.',
  ),
  clientKey: standardPath('OTEL_EXPORTER_OTLP_CLIENT_KEY', 'The key of that certificate, in PEM.'),
  exportTimeoutMs: milliseconds(
    'OTEL_EXPORTER_OTLP_TIMEOUT',
    'How long one export may take, in milliseconds; 0 is as long as it likes.',
    10_000,
    MOST_MS,
  ),
  tracesExportTimeoutMs: {
    ...milliseconds('OTEL_EXPORTER_OTLP_TRACES_TIMEOUT', 'The same, for traces alone.', 0, MOST_MS),
    shownFallback: 'not set',
  },
  compression: standardChoice({
    variable: 'OTEL_EXPORTER_OTLP_COMPRESSION',
    meaning: 'Whether exports are compressed.',
    choices: COMPRESSIONS,
    fallback: 'none',
  }),
  tracesCompression: standardChoice({
    variable: 'OTEL_EXPORTER_OTLP_TRACES_COMPRESSION',
    meaning: 'The same, for traces alone.',
    choices: COMPRESSIONS,
    fallback: null,
  }),
  isInsecure: standardBoolean({
    variable: 'OTEL_EXPORTER_OTLP_INSECURE',
    meaning: 'With grpc and an endpoint without a scheme: true sends without TLS.',
    fallback: false,
  }),
  isTracesInsecure: standardBoolean({
    variable: 'OTEL_EXPORTER_OTLP_TRACES_INSECURE',
    meaning: 'The same, for traces alone.',
    fallback: false,
  }),
  serviceName: {
    ...textSetting<string | null>({
      variable: 'OTEL_SERVICE_NAME',
      meaning: 'service.name of the spans, whatever OTEL_RESOURCE_ATTRIBUTES says; skyops if neither does.',
      expected: 'a name of 1 to 255 characters',
      accepts: (text) => text.length <= 255,
      fallback: null,
    }),
    isForeign: true,
  },
  resourceAttributes: standardPairs(
    'OTEL_RESOURCE_ATTRIBUTES',
    'Attributes of the resource, added to those that are known.',
  ),
  propagators: standardList({
    variable: 'OTEL_PROPAGATORS',
    meaning:
      'Which headers a trace is continued from; of several, the last that is there. none begins a trace of its own for every request. baggage means nothing here.',
    choices: ['tracecontext', 'baggage', 'b3', 'b3multi', 'none'],
    fallback: ['tracecontext', 'baggage'],
  }),
  sampler: standardChoice({
    variable: 'OTEL_TRACES_SAMPLER',
    meaning: 'Which requests are exported. The parentbased_ ones do as the caller did, as far as it is trusted.',
    choices: [
      'always_on',
      'always_off',
      'traceidratio',
      'parentbased_always_on',
      'parentbased_always_off',
      'parentbased_traceidratio',
    ],
    fallback: 'parentbased_always_on',
  }),
  samplerRatio: standardNumber({
    variable: 'OTEL_TRACES_SAMPLER_ARG',
    meaning: 'The part of the requests that the ratio samplers export.',
    minimum: 0,
    maximum: 1,
    fallback: 1,
  }),
  trust: choiceSetting({
    variable: 'SKYOPS_TRUST_TRACEPARENT',
    meaning:
      'Whether a caller’s sampled flag makes the parentbased_ samplers export. Otherwise the decision is made anew, because anybody can send one; the trace is continued all the same, and a flag that says no is followed.',
    choices: ['true', 'false'],
    fallback: 'false',
  }),
  batchDelayMs: milliseconds('OTEL_BSP_SCHEDULE_DELAY', 'How long spans wait for others, in milliseconds.', 5000, 1),
  queueSize: standardNumber({
    variable: 'OTEL_BSP_MAX_QUEUE_SIZE',
    meaning: 'The most spans that wait; further ones are dropped and counted (skyops_spans_dropped_total).',
    minimum: 1,
    maximum: MOST_SPANS,
    fallback: 2048,
  }),
  batchSize: standardNumber({
    variable: 'OTEL_BSP_MAX_EXPORT_BATCH_SIZE',
    meaning: 'The most spans of one export.',
    minimum: 1,
    maximum: MOST_SPANS,
    fallback: 512,
  }),
};

export const DEFAULT_SERVICE_NAME = 'skyops';

export type TracingSettings = SettingValues<typeof tracingSettings>;

/** How spans are sent away, with what holds for traces alone before what holds for every signal. */
export type ExportTarget = {
  readonly url: string;
  readonly protocol: (typeof PROTOCOLS)[number];
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly compression: (typeof COMPRESSIONS)[number];
};

/** `undefined` if spans go nowhere. */
export function exportTarget(settings: TracingSettings): ExportTarget | undefined {
  const { endpoint, tracesEndpoint } = settings;
  const address = tracesEndpoint ?? endpoint;
  if (settings.isDisabled || settings.exporters.includes('none') || address === null) return undefined;
  const protocol = settings.tracesProtocol ?? settings.protocol;
  const url = new URL(address.href);
  if (protocol === 'grpc') {
    // The specification: without a scheme it is secure, unless it is said to be otherwise.
    if (!address.hasScheme && !settings.isInsecure && !settings.isTracesInsecure) url.protocol = 'https:';
  } else if (tracesEndpoint === null) {
    url.pathname = `${url.pathname.replace(/\/$/, '')}/v1/traces`;
  }
  return {
    url: url.href,
    protocol,
    headers: {
      ...(address.authorization === undefined ? {} : { authorization: address.authorization }),
      ...settings.headers,
      ...settings.tracesHeaders,
    },
    timeoutMs: settings.tracesExportTimeoutMs || settings.exportTimeoutMs,
    compression: settings.tracesCompression ?? settings.compression,
  };
}

/** Whether somebody wants spans to be exported, rightly or not: where nobody does, what the other variables hold is nobody's business. */
export function asksForExport(
  { isDisabled, exporters }: TracingSettings,
  environment: Readonly<Record<string, string | undefined>>,
): boolean {
  if (isDisabled || exporters.includes('none')) return false;
  const named = [tracingSettings.endpoint, tracingSettings.tracesEndpoint, tracingSettings.exporters];
  return named.some(({ variable }) => (environment[variable] ?? '') !== '');
}

/** What to say where export is asked for and there is nowhere to export to: the default address of the specification is nobody's here. */
export function missingEndpoint({ endpoint, tracesEndpoint }: TracingSettings): readonly string[] {
  if (endpoint !== null || tracesEndpoint !== null) return [];
  return ['No traces are exported: set OTEL_EXPORTER_OTLP_ENDPOINT.'];
}
