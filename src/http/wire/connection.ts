/** What is kept of each connection for as long as it is open, in one place: looking it up is part of every request. */
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyRequest } from 'fastify';

/** What is known here of an answer: response-headers.ts makes it of this class's connections. */
export type LatestAnswer = ServerResponse & { readonly requestId: string };

export class Connection {
  /** Address of the peer, `''` if it is gone already. */
  readonly client: string;
  /** It has been told, or is about to be told, that it ends. */
  isClosing = false;
  /** Requests behind the answer that ended it. */
  ignoredRequests = 0;
  /** Those in progress. */
  openRequests = 0;
  /** Until its client is asked to open another one; given with the first request (hooks/recycling.ts). */
  requestsLeft: number | undefined;
  /** The one that came last, answered or not: what is broken behind it depends on how far it has come. */
  latestRequest: FastifyRequest | undefined;
  latestAnswer: LatestAnswer | undefined;
  /** The last Host that was one: it hardly ever changes, and need not be looked at again. */
  host: string | undefined;
  /** Bytes written that were answers of requests which have ended. */
  bytesObserved = 0;

  constructor({ remoteAddress = '' }: Socket) {
    // A link-local one ends with the name of an interface, which may hold anything; the log takes the address as it is.
    // On a socket of both families an address of IPv4 has the form of one of IPv6 (RFC 4291, section 2.5.5.2).
    this.client = remoteAddress.replace(/^::ffff:(?=\d+\.)/i, '').replaceAll(/[^\w.:%-]/g, '_');
  }
}

const CONNECTION = Symbol('connection');

/** A property of the socket itself: a map of sockets keeps room for the most that there ever were. */
export function connectionOf(socket: Socket & { [CONNECTION]?: Connection }): Connection {
  socket[CONNECTION] ??= new Connection(socket);
  return socket[CONNECTION];
}
