/** What is kept of each connection for as long as it is open, in one place: looking it up is part of every request. */
import type { Socket } from 'node:net';
import type { FastifyRequest } from 'fastify';
import type { Answer } from './answer.ts';
import { REQUESTS_PER_CONNECTION } from './settings.ts';

export class Connection {
  /** Address of the peer, `''` if it is gone already. */
  readonly client: string;
  /** It has been told, or is about to be told, that it ends. */
  isClosing = false;
  /** Requests behind the answer that ended it. */
  ignoredRequests = 0;
  /** Those that have begun and not ended. */
  openRequests = 0;
  /** Not the same for all: the connections that a load test opens together would otherwise end together. */
  requestsLeft = REQUESTS_PER_CONNECTION * (0.75 + Math.random() / 2);
  /** The one that came last, answered or not: what is broken behind it depends on how far it has come. */
  latestRequest: FastifyRequest | undefined;
  latestAnswer: Answer | undefined;
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
