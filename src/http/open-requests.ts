/** Which requests are open, and which came last on a connection: what a drain names and what broken input is answered by. */

import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyRequest } from 'fastify';

/** Those that have begun and not ended. */
export type OpenRequests = Set<FastifyRequest>;

/** The latest request of each connection, answered or not. */
export type LatestRequests = WeakMap<Socket, { readonly request: FastifyRequest; readonly answer: ServerResponse }>;

/** As an operator wants to read it; the route's template, never what was sent. */
export function described(request: FastifyRequest): string {
  return `${request.method} ${request.routeOptions.url ?? 'unmatched'} (${request.id})`;
}
