/** The answer of node:http, with the lines that stand in every head put in as text that is ready. */
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { FastifyReply } from 'fastify';
import { httpDate, systemClock } from '#foundation/clock.ts';
import { Failure } from '#foundation/failure.ts';
import { connectionOf } from './connection.ts';
import { REQUEST_ID_HEADER } from './request-id.ts';

declare module 'node:http' {
  interface OutgoingMessage {
    // Node's own and not documented; `assertHeads` says where they are not what they are taken for.
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

/** The headers that keep a browser from guessing, framing, caching or following; pages loosen them for themselves. */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
};

/** Each header as a line with its end. */
export const linesOf = (headers: Readonly<Record<string, string>>) =>
  Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('');

const no = () => false;

const SECURITY_LINES = linesOf(SECURITY_HEADERS);

/**
 * Node looks at each header by itself, and so does Fastify before it: the id and the six of every answer, which are the same and known
 * to be valid, cost 2.2 of 20 µs that way (measured), and nothing that shows as text.
 */
export class Answer<Request extends IncomingMessage = IncomingMessage> extends ServerResponse<Request> {
  /** Sent as x-request-id; well-formed, or `''` for none. */
  requestId = '';
  /** Header lines, each with its end. */
  securityLines = SECURITY_LINES;
  /** Its client waits for the go-ahead before it sends the body. */
  awaitsContinue = false;
  /** Asked when the head is made: whether the connection ends with this answer. */
  isLast: () => boolean = no;

  /** The header line that says which replica answers; answerClass gives it. */
  get replicaLine(): string {
    return '';
  }

  /** From now on nothing that comes behind this request is looked at. */
  closeConnection(): void {
    connectionOf(this.req.socket).isClosing = true;
    this.shouldKeepAlive = false;
  }

  override removeHeader(name: string): void {
    super.removeHeader(name);
    // To Node a Connection that is removed is an order to say nothing of it, not even that it ends: a replica that drained would close
    // connections without a word.
    this._removedConnection = false;
  }

  override _storeHeader(firstLine: string, headers: unknown): void {
    if (this.isLast()) this.closeConnection();
    const id = this.requestId === '' ? '' : `${REQUEST_ID_HEADER}: ${this.requestId}\r\n`;
    const ready = firstLine + id + this.replicaLine + this.securityLines;
    if (!this.#storeOrdinaryHead(ready, headers)) super._storeHeader(ready, headers);
    // Whoever asked for the end, Fastify and Node themselves among them: RFC 9112, section 9.6, forbids to process what follows.
    if (this._last) connectionOf(this.req.socket).isClosing = true;
  }

  /**
   * The head of nearly every answer: a body of known type and length on a connection that stays open. Both are our own words, so that
   * Node's look at each character of them is saved (0.3 of 12.4 µs, measured); `assertHeads` holds that it is the head that Node makes.
   */
  #storeOrdinaryHead(ready: string, headers: unknown): boolean {
    const staysOpen = this.shouldKeepAlive && this._keepAliveTimeout > 0;
    const isOrdinary = staysOpen && this.sendDate && this._hasBody && this.req.httpVersion === '1.1';
    if (!isOrdinary || !isTypeAndLength(headers)) return false;
    const { 'content-type': type, 'content-length': length } = headers;
    this._header = `${ready}content-type: ${type}\r\ncontent-length: ${length}\r\n${linesOfStayingOpen(this._keepAliveTimeout)}`;
    this._headerSent = false;
    this._contentLength = Number(length);
    return true;
  }
}

const REPLICA_HEADER = 'x-skyops-replica';

/** Only what a header line and a name may hold; a host may be called anything. */
export const replicaHeaders = (replica: string) => ({ [REPLICA_HEADER]: replica.replaceAll(/[^\w.-]/g, '_') });

/** Answers that say which replica they come from: behind one address there are several, and each knows only what it runs itself. */
export function answerClass(replica: string): typeof Answer {
  const line = linesOf(replicaHeaders(replica));
  return class<Request extends IncomingMessage> extends Answer<Request> {
    // On the prototype: a field would be set anew for every request.
    override get replicaLine(): string {
      return line;
    }
  };
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
function linesOfStayingOpen(keepAliveTimeoutMs: number): string {
  const second = Math.floor(systemClock.epochMs() / 1000);
  if (second !== stayingOpen.second || keepAliveTimeoutMs !== stayingOpen.keepAliveTimeoutMs) {
    const date = httpDate(second * 1000);
    const timeout = Math.floor(keepAliveTimeoutMs / 1000);
    stayingOpen.second = second;
    stayingOpen.keepAliveTimeoutMs = keepAliveTimeoutMs;
    stayingOpen.lines = `Date: ${date}\r\nConnection: keep-alive\r\nKeep-Alive: timeout=${timeout}\r\n\r\n`;
  }
  return stayingOpen.lines;
}

/** The server makes every answer from the class above. */
export const answerOf = (reply: FastifyReply): Answer => reply.raw as Answer;

/** Replaces some of the security headers of this answer; the values are our own, so that they are not looked at again. */
export function loosen(reply: FastifyReply, headers: Readonly<Record<string, string>>): FastifyReply {
  answerOf(reply).securityLines = linesOf({ ...SECURITY_HEADERS, ...headers });
  return reply;
}

/** @throws Failure on a Node that makes heads in another way: its answers would lack their security headers, or what stands behind the last one would be processed. */
export function assertHeads(): void {
  const last = emptyAnswer();
  last.requestId = 'made-at-start';
  last.setHeader('connection', 'close');
  last.removeHeader('connection');
  last.shouldKeepAlive = false;
  last.writeHead(200);
  const isSecure = last._header?.includes(`${REQUEST_ID_HEADER}: made-at-start\r\n${SECURITY_LINES}`) === true;
  const saysTheEnd = /^connection: close\r$/im.test(last._header ?? '') && connectionOf(last.req.socket).isClosing;

  const headers = { 'content-type': 'text/plain', 'content-length': '2' };
  const ours = emptyAnswer().writeHead(200, headers)._header;
  // As pairs they are Node's to write.
  const nodes = emptyAnswer().writeHead(200, Object.entries(headers).flat())._header;
  const isOrdinary = withoutDate(ours) === withoutDate(nodes);
  if (isSecure && saysTheEnd && isOrdinary) return;
  throw new Failure(
    'unknown-node',
    'This version of Node makes the heads of answers in another way than SkyOps knows.',
    {
      hint: 'Run the one that package.json names.',
    },
  );
}

/** To a request that has no words yet. */
function emptyAnswer(): Answer {
  const request = new IncomingMessage(new Socket());
  request.httpVersion = '1.1';
  request.httpVersionMajor = 1;
  request.httpVersionMinor = 1;
  const answer = new Answer(request);
  answer.shouldKeepAlive = true;
  return Object.assign(answer, { _keepAliveTimeout: 5000 });
}

/** The second may have changed in between. */
const withoutDate = (head: string | null) => head?.replace(/^Date: .*$/m, '');
