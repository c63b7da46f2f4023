/**
 * A speed trick: the headers that every answer has, put into its head as text that is ready. Node looks at each header by itself, and so does
 * Fastify before it; these are our own words, known to be valid. What it gains: docs/quality/speed-tricks.md.
 */
import { IncomingMessage, type ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { type Clock, httpDate } from '#foundation/clock.ts';
import { tricks } from '#foundation/tricks.ts';
import { connectionOf } from './connection.ts';
import { REQUEST_ID_HEADER } from './request-id.ts';
import { Answer, linesOf, PlainAnswer, replicaHeaders, SECURITY_HEADERS } from './response-headers.ts';

declare module 'node:http' {
  interface OutgoingMessage {
    // Node's own and not documented; `isAsKnown` says where they are not what they are taken for.
    /** Makes the head of an answer behind its first line. */
    _storeHeader(firstLine: string, headers: unknown): void;
    /** What it has made, and whether that is on its way. */
    _header: string | null;
    _headerSent: boolean;
    /** Bytes of the body, where they are known. */
    _contentLength: number | null;
    /** Whether this kind of answer has a body: not to HEAD, not with 204 or 304. */
    readonly _hasBody: boolean;
    /** What the server has been told of idle connections, in milliseconds. */
    readonly _keepAliveTimeout: number;
    /** Whether the head says that the connection ends with this answer; known when it has been made. */
    readonly _last: boolean;
    /** Whether the head says nothing of the connection, because the header was removed. */
    _removedConnection: boolean;
  }
}

const SECURITY_LINES = linesOf(SECURITY_HEADERS);

abstract class PreparedAnswer<Request extends IncomingMessage = IncomingMessage> extends Answer<Request> {
  abstract get replicaLine(): string;
  abstract get clock(): Clock;

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
    if (!tricks.ordinaryHeads || !this.#storeOrdinaryHead(ready, headers)) super._storeHeader(ready, headers);
    // Whoever asked for the end, Fastify and Node themselves among them: RFC 9112, section 9.6, forbids to process what follows.
    if (this._last) connectionOf(this.req.socket).isClosing = true;
  }

  /**
   * The head of nearly every answer: a body of known type and length on a connection that stays open. Both are our own words, so that
   * Node's look at each character of them is saved; `isAsKnown` holds that it is the head that Node makes.
   */
  #storeOrdinaryHead(ready: string, headers: unknown): boolean {
    const staysOpen = this.shouldKeepAlive && this._keepAliveTimeout > 0;
    const isOrdinary = staysOpen && this.sendDate && this._hasBody && this.req.httpVersion === '1.1';
    if (!isOrdinary || !isTypeAndLength(headers)) return false;
    const { 'content-type': type, 'content-length': length } = headers;
    this._header = `${ready}content-type: ${type}\r\ncontent-length: ${length}\r\n${linesOfStayingOpen(this._keepAliveTimeout, this.clock)}`;
    this._headerSent = false;
    this._contentLength = Number(length);
    return true;
  }
}

type TypeAndLength = { readonly 'content-type': string; readonly 'content-length': string };

function isTypeAndLength(headers: unknown): headers is TypeAndLength {
  if (typeof headers !== 'object' || headers === null) return false;
  const { 'content-type': type, 'content-length': length } = headers as Partial<TypeAndLength>;
  if (typeof type !== 'string' || typeof length !== 'string') return false;
  let others = -2;
  for (const _ in headers) others += 1;
  return others === 0;
}

/** Made again when one of the two is another. */
const stayingOpen = { second: Number.NaN, keepAliveTimeoutMs: Number.NaN, lines: '' };

/** The lines that end such a head; they are the same for a second. */
function linesOfStayingOpen(keepAliveTimeoutMs: number, clock: Clock): string {
  const second = Math.floor(clock.epochMs() / 1000);
  if (second !== stayingOpen.second || keepAliveTimeoutMs !== stayingOpen.keepAliveTimeoutMs) {
    const date = httpDate(second * 1000);
    const timeout = Math.floor(keepAliveTimeoutMs / 1000);
    stayingOpen.second = second;
    stayingOpen.keepAliveTimeoutMs = keepAliveTimeoutMs;
    stayingOpen.lines = `Date: ${date}\r\nConnection: keep-alive\r\nKeep-Alive: timeout=${timeout}\r\n\r\n`;
  }
  return stayingOpen.lines;
}

/** As Node's server takes one. */
export type AnswerClass = typeof ServerResponse &
  (new <Request extends IncomingMessage>(
    request: Request,
  ) => Answer<Request>);

/** Answers that say which replica they come from: behind one address there are several, and each knows only what it runs itself. */
export function answerClass(
  replica: string,
  clock: Clock,
): { readonly Answer: AnswerClass; readonly isPrepared: boolean } {
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
    override get clock() {
      return clock;
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

/** Whether this Node makes heads as the one that this was written for: if not, answers would lack their headers, or what stands behind the last one would be processed. */
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

    const headers = { 'content-type': 'text/plain', 'content-length': '2' };
    const ours = emptyAnswer(Prepared).writeHead(200, headers)._header;
    // As pairs they are Node's to write.
    const nodes = emptyAnswer(Prepared).writeHead(200, Object.entries(headers).flat())._header;
    return isSecure && saysTheEnd && withoutDate(ours) === withoutDate(nodes);
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
  return Object.assign(answer, { _keepAliveTimeout: 5000 });
}

/** The second may have changed in between. */
const withoutDate = (head: string | null) => head?.replace(/^Date: .*$/m, '');
