/** What is kept of each connection for as long as it is open, in one place: looking it up is part of every request. */
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyRequest } from 'fastify';
import { REQUESTS_PER_CONNECTION } from './settings.ts';

class Connection {
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
  latestAnswer: ServerResponse | undefined;
}

const CONNECTION = Symbol('connection');

/** A property of the socket itself: a map of sockets keeps room for the most that there ever were. */
export function connectionOf(socket: Socket & { [CONNECTION]?: Connection }): Connection {
  socket[CONNECTION] ??= new Connection();
  return socket[CONNECTION];
}
