/**
 * A speed trick: the headers that every answer has, put into it as text that is ready. Node looks at each header by itself, and so does
 * Fastify before it; these are our own words, known to be valid. What it gains: docs/quality/speed-tricks.md.
 */
import { IncomingMessage, type ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { tricks } from '#foundation/tricks.ts';
import { connectionOf } from './connection.ts';
import { REQUEST_ID_HEADER } from './request-id.ts';
import { Answer, linesOf, PlainAnswer, replicaHeaders, SECURITY_HEADERS } from './response-headers.ts';

declare module 'node:http' {
  interface OutgoingMessage {
    // Node's own and not documented; `isAsKnown` says where they are not what they are taken for.
    /** Makes the response headers behind the first line. */
    _storeHeader(firstLine: string, headers: unknown): void;
    /** What it has made. */
    readonly _header: string | null;
    /** Whether the headers say that the connection ends with this answer; known when it has been made. */
    readonly _last: boolean;
    /** Whether the headers say nothing of the connection, because the header was removed. */
    _removedConnection: boolean;
  }
}

const SECURITY_LINES = linesOf(SECURITY_HEADERS);

abstract class PreparedAnswer<Request extends IncomingMessage = IncomingMessage> extends Answer<Request> {
  abstract get replicaLine(): string;

  override removeHeader(name: string): void {
    super.removeHeader(name);
    // To Node a Connection that is removed is an order to say nothing of it, not even that it ends: a replica that drained would close
    // connections without a word.
    this._removedConnection = false;
  }

  override _storeHeader(firstLine: string, headers: unknown): void {
    if (this.isLast()) this.closeConnection();
    const id = this.requestId === '' ? '' : `${REQUEST_ID_HEADER}: ${this.requestId}\r\n`;
    const { securityHeaders } = this;
    const security = securityHeaders === SECURITY_HEADERS ? SECURITY_LINES : linesOf(securityHeaders);
    const ready = firstLine + id + this.replicaLine + security;
    super._storeHeader(ready, headers);
    // Fastify and Node may ask for the end too. RFC 9112, section 9.6, forbids to process what follows.
    if (this._last) connectionOf(this.req.socket).isClosing = true;
  }
}

/** As Node's server takes one. */
export type AnswerClass = typeof ServerResponse &
  (new <Request extends IncomingMessage>(
    request: Request,
  ) => Answer<Request>);

/** Answers that say which replica they come from: behind one address there are several, and each knows only what it runs itself. */
export function answerClass(replica: string): { readonly Answer: AnswerClass; readonly isPrepared: boolean } {
  const headers = replicaHeaders(replica);
  const line = linesOf(headers);
  // On the prototype: a field would be set anew for every request.
  const Prepared = class<Request extends IncomingMessage> extends PreparedAnswer<Request> {
    override get replica() {
      return headers;
    }
    override get replicaLine() {
      return line;
    }
  };
  const Plain = class<Request extends IncomingMessage> extends PlainAnswer<Request> {
    override get replica() {
      return headers;
    }
  };
  const isPrepared = isAsKnown(Prepared);
  return { Answer: isPrepared && tricks.preparedHeaders ? Prepared : Plain, isPrepared };
}

/** Whether this Node makes response headers as the one that this was written for: if not, answers would lack their headers, or what stands behind the last one would be processed. */
function isAsKnown(Prepared: AnswerClass): boolean {
  try {
    const last = emptyAnswer(Prepared);
    last.requestId = 'made-at-start';
    last.setHeader('connection', 'close');
    last.removeHeader('connection');
    last.shouldKeepAlive = false;
    last.writeHead(200);
    const isSecure =
      last._header?.includes(`${REQUEST_ID_HEADER}: made-at-start\r\n`) === true &&
      last._header.includes(SECURITY_LINES);
    const saysTheEnd = /^connection: close\r$/im.test(last._header ?? '') && connectionOf(last.req.socket).isClosing;

    return isSecure && saysTheEnd;
  } catch {
    return false;
  }
}

/** To a request that has no words yet. */
function emptyAnswer(Prepared: AnswerClass): Answer {
  const request = new IncomingMessage(new Socket());
  request.httpVersion = '1.1';
  request.httpVersionMajor = 1;
  request.httpVersionMinor = 1;
  // Its type is also that of Node's own class, which the compiler sees first.
  const answer = new Prepared(request) as Answer;
  answer.shouldKeepAlive = true;
  return answer;
}
