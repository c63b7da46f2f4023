/** The answer of node:http, with the lines that stand in every head put in as text that is ready. */
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { FastifyReply } from 'fastify';
import { Failure } from '#foundation/failure.ts';
import { connectionOf } from './connection.ts';
import { REQUEST_ID_HEADER } from './request-id.ts';

declare module 'node:http' {
  interface OutgoingMessage {
    // Node's own and not documented; `assertHeads` says where they are not what they are taken for.
    /** Makes the head of an answer behind its first line. */
    _storeHeader(firstLine: string, headers: unknown): void;
    /** What it has made. */
    readonly _header: string | null;
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
    super._storeHeader(firstLine + id + this.securityLines, headers);
    // Whoever asked for the end, Fastify and Node themselves among them: RFC 9112, section 9.6, forbids to process what follows.
    if (this._last) connectionOf(this.req.socket).isClosing = true;
  }
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
  const socket = new Socket();
  const answer = new Answer(new IncomingMessage(socket));
  answer.requestId = 'made-at-start';
  answer.setHeader('connection', 'close');
  answer.removeHeader('connection');
  answer.shouldKeepAlive = false;
  answer.writeHead(200);
  const lines = `${REQUEST_ID_HEADER}: made-at-start\r\n${SECURITY_LINES}`;
  const saysTheEnd = /^connection: close\r$/im.test(answer._header ?? '');
  if (answer._header?.includes(lines) && saysTheEnd && connectionOf(socket).isClosing) return;
  throw new Failure(
    'unknown-node',
    'This version of Node makes the heads of answers in another way than SkyOps knows.',
    {
      hint: 'Run the one that package.json names.',
    },
  );
}
