/** What a span says, as a plain value: made from what happened, after it happened, and only if it is exported. */
import { epochMsOf } from '#foundation/clock.ts';
import type { TraceContext } from '#foundation/trace-context.ts';
import type { SimulationEvent } from '#simulation/event.ts';
import {
  CLIENT_CLOSED_REQUEST,
  OTHER_METHOD,
  type RequestRecord,
  type SentRequest,
  UNMATCHED_PATH,
} from '../request-record.ts';

type Attributes = Readonly<Record<string, string | number | boolean>>;

export type Span = {
  readonly name: string;
  readonly kind: 'server' | 'internal';
  readonly context: TraceContext;
  readonly parent: (Pick<TraceContext, 'spanId'> & { readonly isRemote: boolean }) | undefined;
  readonly traceState: string | undefined;
  readonly startEpochMs: number;
  readonly endEpochMs: number;
  readonly attributes: Attributes;
  readonly events: readonly { readonly name: string; readonly epochMs: number; readonly attributes: Attributes }[];
  readonly isError: boolean;
};

/** Longer values tell nobody more, and a client chooses some of them. */
const MAX_VALUE_LENGTH = 256;

/**
 * The server span of a request. The query is left out: it may hold what is nobody's business.
 * @see https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-server-span (stable)
 */
export function requestSpan(record: RequestRecord, endEpochMs: number): Span {
  const { method, status, path, trace, sent } = record;
  const isMatched = path !== UNMATCHED_PATH;
  const isAborted = status === CLIENT_CLOSED_REQUEST;
  const isError = status >= 500;
  return {
    name: isMatched ? `${spanMethod(method)} ${path}` : spanMethod(method),
    kind: 'server',
    context: trace,
    parent: trace.parentSpanId === undefined ? undefined : { spanId: trace.parentSpanId, isRemote: true },
    traceState: trace.traceState,
    startEpochMs: endEpochMs - record.durationMs,
    endEpochMs,
    attributes: {
      'http.request.method': method,
      ...(isMatched ? { 'http.route': path } : {}),
      // Nobody was there to be answered, so that there is no status; 499 is a word of proxies.
      ...(isAborted ? {} : { 'http.response.status_code': status }),
      ...(isAborted ? { 'error.type': 'client_closed_request' } : isError ? { 'error.type': String(status) } : {}),
      'skyops.request.id': record.requestId,
      ...(record.client === '' ? {} : { 'client.address': record.client }),
      ...(sent === undefined ? {} : sentAttributes(sent, method)),
    },
    events: [],
    // A client that leaves or errs is no error of this service.
    isError,
  };
}

/** A method that a client made up would be a name without bound. */
const spanMethod = (method: string) => (method === OTHER_METHOD ? 'HTTP' : method);

function sentAttributes(sent: SentRequest, method: string): Attributes {
  // A target that is no path may hold anything, credentials of an absolute URL too.
  const [path = ''] = sent.target.startsWith('/') ? sent.target.split(/[?#]/) : [];
  const host = /^(\[[^\]]*\]|[^:]*)(?::(\d{1,5}))?$/.exec(sent.host ?? '');
  return {
    'url.scheme': 'http',
    ...(path === '' ? {} : { 'url.path': bounded(path) }),
    'network.protocol.version': sent.httpVersion,
    ...(method === OTHER_METHOD ? { 'http.request.method_original': bounded(sent.method) } : {}),
    ...(host?.[1] ? { 'server.address': bounded(host[1]) } : {}),
    ...(host?.[2] ? { 'server.port': Number(host[2]) } : {}),
    ...(sent.userAgent === undefined ? {} : { 'user_agent.original': bounded(sent.userAgent) }),
  };
}

const bounded = (text: string) => text.slice(0, MAX_VALUE_LENGTH);

/** The span of a simulation that has ended, below the request that started it. */
export function simulationSpan(
  { simulation, trace, requestId, failure }: Extract<SimulationEvent, { type: 'simulation-ended' }>,
  context: TraceContext,
): Span {
  const startEpochMs = epochMsOf(simulation.started_at);
  const endEpochMs = epochMsOf(simulation.ended_at ?? simulation.ends_at);
  return {
    name: `simulation ${simulation.kind}`,
    kind: 'internal',
    context,
    parent: trace === undefined ? undefined : { spanId: trace.spanId, isRemote: false },
    traceState: undefined,
    startEpochMs,
    endEpochMs,
    attributes: {
      'skyops.simulation.id': simulation.id,
      'skyops.simulation.kind': simulation.kind,
      'skyops.simulation.ended_because': simulation.ended_because ?? 'failed',
      'skyops.request.id': requestId,
      ...(simulation.accuracy === null ? {} : { 'skyops.simulation.accuracy': simulation.accuracy }),
      ...flat('skyops.simulation.requested', simulation.requested),
      ...flat('skyops.simulation.delivered', simulation.delivered),
      ...(failure === undefined ? {} : { 'error.type': failure instanceof Error ? failure.name : 'Error' }),
    },
    events: [
      {
        name: 'simulation granted',
        epochMs: startEpochMs,
        attributes: flat('skyops.simulation.granted', simulation.granted),
      },
      {
        name: 'simulation ended',
        epochMs: endEpochMs,
        attributes: { 'skyops.simulation.ended_because': simulation.ended_because ?? 'failed' },
      },
    ],
    isError: failure !== undefined,
  };
}

/** The plain values of a report as attributes; what has an inner form, such as a shape, is in the report. */
function flat(prefix: string, words: object): Attributes {
  const plain = Object.entries(words).filter(([, value]) => ['string', 'number', 'boolean'].includes(typeof value));
  return Object.fromEntries(plain.map(([name, value]) => [`${prefix}.${name}`, value]));
}
