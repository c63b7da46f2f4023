/** One finished request as a plain value: the http room makes it, logs and metrics are made from it. */

/** The de-facto status for a client that left before the answer; nothing is sent with it. */
export const CLIENT_CLOSED_REQUEST = 499;

export type RequestRecord = {
  readonly requestId: string;
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
  readonly isRoutine: boolean;
};

/** Told of every request, by the one place that sees it begin and end. */
export type RequestObserver = {
  readonly started: () => void;
  readonly finished: (record: RequestRecord) => void;
};
