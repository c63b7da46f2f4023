/** The answer of node:http with what every answer says: its id, its replica, and the headers that keep a browser from guessing. */
import { type IncomingMessage, type OutgoingHttpHeader, type OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { FastifyReply } from 'fastify';
import { connectionOf } from './connection.ts';
import { REQUEST_ID_HEADER } from './request-id.ts';

/** The headers that keep a browser from guessing, framing, caching or following; pages loosen them for themselves. */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
};

const REPLICA_HEADER = 'x-skyops-replica';

/** Only what a header line and a name may hold; a host may be called anything. */
export const replicaHeaders = (replica: string) => ({ [REPLICA_HEADER]: replica.replaceAll(/[^\w.-]/g, '_') });

/** Each header as a line with its end. */
export const linesOf = (headers: Readonly<Record<string, string>>) =>
  Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('');

const no = () => false;

/** What hooks and routes know of an answer; the two classes below and in prepared-headers.ts say it on the wire. */
export abstract class Answer<Request extends IncomingMessage = IncomingMessage> extends ServerResponse<Request> {
  /** Sent as x-request-id; well-formed, or `''` for none. */
  requestId = '';
  securityHeaders: Readonly<Record<string, string>> = SECURITY_HEADERS;
  /** Its client waits for the go-ahead before it sends the body. */
  awaitsContinue = false;
  /** Asked when the headers are made: whether the connection ends with this answer (connection-end.ts). */
  isLast: () => boolean = no;

  /** The header that says which replica answers; the class for a replica gives it. */
  abstract get replica(): Readonly<Record<string, string>>;

  /** From now on nothing that comes behind this request is looked at. */
  closeConnection(): void {
    connectionOf(this.req.socket).isClosing = true;
    this.shouldKeepAlive = false;
  }
}

/** Node's own way: each header by itself, through the documented interface alone. */
export abstract class PlainAnswer<Request extends IncomingMessage = IncomingMessage> extends Answer<Request> {
  override writeHead(status: number, ...rest: unknown[]): this {
    const given = rest.findLast((each) => typeof each === 'object') as OutgoingHttpHeaders | OutgoingHttpHeader[];
    const id = this.requestId === '' ? {} : { [REQUEST_ID_HEADER]: this.requestId };
    for (const [name, value] of Object.entries({ ...id, ...this.replica, ...this.securityHeaders })) {
      this.setHeader(name, value);
    }
    const saysTheEnd = /\bclose\b/i.test(String(connectionIn(given) ?? this.getHeader('connection') ?? ''));
    if (this.isLast() || saysTheEnd) this.closeConnection();
    if (!this.shouldKeepAlive) {
      this.closeConnection();
      this.setHeader('connection', 'close');
    }
    return super.writeHead(status, ...(rest as []));
  }
}

function connectionIn(headers: OutgoingHttpHeaders | OutgoingHttpHeader[] | undefined): unknown {
  return headers === undefined || Array.isArray(headers) ? undefined : headers.connection;
}

/** The server makes every answer from such a class. */
export const answerOf = (reply: FastifyReply): Answer => reply.raw as Answer;

/** Replaces some of the security headers of this answer. */
export function loosen(reply: FastifyReply, headers: Readonly<Record<string, string>>): FastifyReply {
  answerOf(reply).securityHeaders = { ...SECURITY_HEADERS, ...headers };
  return reply;
}
