/** OpenTelemetry's own variables, as far as they mean something here; its SDK 3 reads few of them by itself. */
import {
  choiceSetting,
  integerSetting,
  numberSetting,
  type Setting,
  type SettingValues,
  textSetting,
} from '#foundation/setting.ts';

/** @see https://www.w3.org/TR/baggage/#baggage-http-header-format, the form that OTEL_RESOURCE_ATTRIBUTES and _HEADERS share. */
const PAIR = /^[^=\s]+\s*=/;

function pairs(variable: string, meaning: string): Setting<Readonly<Record<string, string>>> {
  return {
    variable,
    meaning,
    expected: 'a list such as key=value,key2=value2, with values percent-encoded',
    fallback: {},
    shownFallback: 'none',
    parse: pairsOf,
  };
}

function pairsOf(text: string): Readonly<Record<string, string>> | undefined {
  const entries = text.split(',').map((pair) => pair.trim());
  // One comma at the end is taken.
  if (entries.length > 1 && entries.at(-1) === '') entries.pop();
  if (!entries.every((pair) => PAIR.test(pair))) return undefined;
  try {
    return Object.fromEntries(
      entries.map((pair) => {
        const [key = '', ...value] = pair.split('=');
        return [decodeURIComponent(key.trim()), decodeURIComponent(value.join('=').trim())];
      }),
    );
  } catch {
    return undefined;
  }
}

function url(variable: string, meaning: string): Setting<string | null> {
  return textSetting<string | null>({
    variable,
    meaning,
    expected: 'an http or https URL without credentials, such as http://collector:4318',
    accepts: (text) => {
      const parsed = URL.parse(text);
      return parsed !== null && /^https?:$/.test(parsed.protocol) && parsed.username === '' && parsed.password === '';
    },
    fallback: null,
  });
}

const milliseconds = (variable: string, meaning: string, fallback: number) =>
  integerSetting({ variable, meaning, minimum: 1, maximum: 3_600_000, fallback });

export const tracingSettings = {
  isDisabled: choiceSetting({
    variable: 'OTEL_SDK_DISABLED',
    meaning: 'true exports nothing, whatever the other variables say.',
    choices: ['true', 'false'],
    fallback: 'false',
  }),
  exporter: choiceSetting({
    variable: 'OTEL_TRACES_EXPORTER',
    meaning: 'none exports no traces.',
    choices: ['otlp', 'none'],
    fallback: 'otlp',
  }),
  endpoint: url(
    'OTEL_EXPORTER_OTLP_ENDPOINT',
    'The collector; traces go to /v1/traces below it. Without an endpoint nothing of OpenTelemetry is loaded.',
  ),
  tracesEndpoint: url('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'Where traces go, the whole URL.'),
  protocol: choiceSetting({
    variable: 'OTEL_EXPORTER_OTLP_PROTOCOL',
    meaning: 'How spans are sent; the collector takes it on port 4318.',
    choices: ['http/protobuf'],
    fallback: 'http/protobuf',
  }),
  tracesProtocol: choiceSetting({
    variable: 'OTEL_EXPORTER_OTLP_TRACES_PROTOCOL',
    meaning: 'The same, for traces alone.',
    choices: ['http/protobuf'],
    fallback: 'http/protobuf',
  }),
  headers: { ...pairs('OTEL_EXPORTER_OTLP_HEADERS', 'Headers of every export, such as credentials.'), isSecret: true },
  tracesHeaders: {
    ...pairs('OTEL_EXPORTER_OTLP_TRACES_HEADERS', 'Headers of the export of traces, added to the others.'),
    isSecret: true,
  },
  exportTimeoutMs: milliseconds('OTEL_EXPORTER_OTLP_TIMEOUT', 'How long one export may take, in milliseconds.', 10_000),
  compression: choiceSetting({
    variable: 'OTEL_EXPORTER_OTLP_COMPRESSION',
    meaning: 'Whether exports are compressed.',
    choices: ['none', 'gzip'],
    fallback: 'none',
  }),
  serviceName: textSetting<string | null>({
    variable: 'OTEL_SERVICE_NAME',
    meaning: 'service.name of the spans, whatever OTEL_RESOURCE_ATTRIBUTES says; skyops if neither does.',
    expected: 'a name of 1 to 255 characters',
    accepts: (text) => text.length <= 255,
    fallback: null,
  }),
  resourceAttributes: pairs('OTEL_RESOURCE_ATTRIBUTES', 'Attributes of the resource, added to those that are known.'),
  propagators: choiceSetting({
    variable: 'OTEL_PROPAGATORS',
    meaning: 'Whether traceparent is read; none begins a trace of its own for every request.',
    choices: ['tracecontext', 'tracecontext,baggage', 'none'],
    fallback: 'tracecontext',
  }),
  sampler: choiceSetting({
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
  samplerRatio: numberSetting({
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
  batchDelayMs: milliseconds('OTEL_BSP_SCHEDULE_DELAY', 'How long spans wait for others, in milliseconds.', 5000),
  queueSize: integerSetting({
    variable: 'OTEL_BSP_MAX_QUEUE_SIZE',
    meaning: 'The most spans that wait; further ones are dropped and counted (skyops_spans_dropped_total).',
    minimum: 1,
    maximum: 65_536,
    fallback: 2048,
  }),
  batchSize: integerSetting({
    variable: 'OTEL_BSP_MAX_EXPORT_BATCH_SIZE',
    meaning: 'The most spans of one export.',
    minimum: 1,
    maximum: 65_536,
    fallback: 512,
  }),
};

export const DEFAULT_SERVICE_NAME = 'skyops';

export type TracingSettings = SettingValues<typeof tracingSettings>;

/** Where spans go, `undefined` if they go nowhere. */
export function tracesUrl(settings: TracingSettings): string | undefined {
  if (settings.isDisabled === 'true' || settings.exporter === 'none') return undefined;
  if (settings.tracesEndpoint !== null) return settings.tracesEndpoint;
  return settings.endpoint === null ? undefined : `${settings.endpoint.replace(/\/$/, '')}/v1/traces`;
}
