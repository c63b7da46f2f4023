/** The requests that have begun and not ended: what a drain waits for, and what it names when it has to cut them. */
import type { FastifyRequest } from 'fastify';

export type OpenRequests = Set<FastifyRequest>;

/** As an operator wants to read it; the route's template, never what was sent. */
export function described(request: FastifyRequest): string {
  return `${request.method} ${request.routeOptions.url ?? 'unmatched'} (${request.id})`;
}
