/** One finished request as a plain value: the http room makes it, logs and metrics are made from it. */

import type { TraceContext } from '#foundation/trace-context.ts';

/** OpenTelemetry's word for a method outside of the known ones. */
export const OTHER_METHOD = '_OTHER';
/** The path of a request that no route matches. */
export const UNMATCHED_PATH = 'unmatched';

/** The de-facto status for a client that left before the answer; nothing is sent with it. */
export const CLIENT_CLOSED_REQUEST = 499;

/** The span of a request, and where it hangs. */
export type RequestTrace = TraceContext & {
  /** The caller's span, if it said so. */
  readonly parentSpanId: string | undefined;
  /** The caller's `tracestate`, passed on as it is. */
  readonly traceState: string | undefined;
};

/** What a client sent; only spans say it, in bounded form. */
export type SentRequest = {
  readonly method: string;
  readonly target: string;
  readonly httpVersion: string;
  readonly host: string | undefined;
  readonly userAgent: string | undefined;
};

export type RequestRecord = {
  readonly requestId: string;
  readonly trace: RequestTrace;
  /** The method, or `_OTHER` for one outside of the closed set, so that it can be a label. */
  readonly method: string;
  /** The template of the route, or `unmatched`; never the path that was sent. */
  readonly path: string;
  /** As answered; 499 if the client was gone before the answer was. */
  readonly status: number;
  readonly durationMs: number;
  /** Bytes written to the connection while this request was open: its answer, head and body, unless requests are pipelined. */
  readonly bytesSent: number;
  /** Address of the peer, `''` if the socket is gone. */
  readonly client: string;
  /** Probes and scrapes: asked every few seconds for ever, so they are logged at debug. */
  readonly isProbe: boolean;
  /** There if the request is sampled and could be read as HTTP. */
  readonly sent: SentRequest | undefined;
};

/** Told of every request, by the one place that sees it begin and end. */
export type RequestObserver = {
  /** Before any request: there is such a route, and this is one of its answers. */
  readonly declared: (method: string, path: string, status: number) => void;
  readonly started: () => void;
  readonly finished: (record: RequestRecord) => void;
};
