/** Which requests are open: what a drain waits for, and names if it waits in vain. */
import type { FastifyRequest } from 'fastify';

/** Those that have begun and not ended. */
export type OpenRequests = Set<FastifyRequest>;

/** As an operator wants to read it; the route's template, never what was sent. */
export function described(request: FastifyRequest): string {
  return `${request.method} ${request.routeOptions.url ?? 'unmatched'} (${request.id})`;
}
