/** Finds the caller's trace in the headers of a request, in the forms that OTEL_PROPAGATORS names. */
import { type Caller, parseB3, parseB3Multi, parseTraceparent } from '#foundation/trace-context.ts';
import type { TracingSettings } from './settings.ts';

/** As Node gives them, by their names in lower case. */
export type CallerHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

type Propagation = (headers: CallerHeaders) => (Caller & { readonly traceState?: string | undefined }) | undefined;

/** W3C Trace Context, section 3.3.1.5: at least so many characters are to be passed on. A longer one is left out: cut, it would be another. */
const MAX_TRACE_STATE_LENGTH = 512;

/** Node joins what is sent twice, and types it as if it did not. */
const one = (headers: CallerHeaders, name: string): string | undefined => {
  const value = headers[name];
  return typeof value === 'string' ? value : undefined;
};

const traceContext: Propagation = (headers) => {
  const caller = parseTraceparent(one(headers, 'traceparent'));
  if (caller === undefined) return undefined;
  const traceState = one(headers, 'tracestate');
  return { ...caller, traceState: (traceState?.length ?? 0) <= MAX_TRACE_STATE_LENGTH ? traceState : undefined };
};

/** OpenTelemetry: whoever reads B3 reads both of its forms, the single header first. */
const b3: Propagation = (headers) =>
  parseB3(one(headers, 'b3')) ??
  parseB3Multi({
    traceId: one(headers, 'x-b3-traceid'),
    spanId: one(headers, 'x-b3-spanid'),
    sampled: one(headers, 'x-b3-sampled'),
    flags: one(headers, 'x-b3-flags'),
  });

/** Of several forms the last that is there holds, as in OpenTelemetry's composite propagator. */
export function createPropagation(propagators: TracingSettings['propagators']): Propagation {
  const readsB3 = propagators.some((each) => each === 'b3' || each === 'b3multi');
  const readsW3c = propagators.includes('tracecontext');
  if (!readsB3) return readsW3c ? traceContext : () => undefined;
  if (!readsW3c) return b3;
  const isB3Last = propagators.findLastIndex((each) => each.startsWith('b3')) > propagators.indexOf('tracecontext');
  const [first, second] = isB3Last ? [b3, traceContext] : [traceContext, b3];
  return (headers) => first(headers) ?? second(headers);
}
