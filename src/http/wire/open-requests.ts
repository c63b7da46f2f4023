/** Which requests are open: what a drain waits for, and names if it waits in vain. */
import type { FastifyRequest } from 'fastify';
import { tricks } from '#foundation/tricks.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Its neighbours among the open ones. */
    nextOpen: FastifyRequest | undefined;
    previousOpen: FastifyRequest | undefined;
  }
}

/** Those in progress. */
export type OpenRequests = Iterable<FastifyRequest> & {
  readonly size: number;
  readonly add: (request: FastifyRequest) => unknown;
  /** Of one that is in it. */
  readonly delete: (request: FastifyRequest) => unknown;
};

export const createOpenRequests = (): OpenRequests => (tricks.openRequestsList ? new LinkedRequests() : new Set());

/**
 * A speed trick: a list of neighbours. A Set makes itself a new table for every few that come and go, among what V8 takes for long-lived,
 * so that the whole heap is collected once a second under load.
 */
class LinkedRequests implements OpenRequests {
  #first: FastifyRequest | undefined;
  size = 0;

  add(request: FastifyRequest): void {
    request.nextOpen = this.#first;
    if (this.#first !== undefined) this.#first.previousOpen = request;
    this.#first = request;
    this.size += 1;
  }

  delete(request: FastifyRequest): void {
    const { nextOpen: next, previousOpen: previous } = request;
    if (next !== undefined) next.previousOpen = previous;
    if (previous === undefined) this.#first = next;
    else previous.nextOpen = next;
    request.nextOpen = undefined;
    request.previousOpen = undefined;
    this.size -= 1;
  }

  *[Symbol.iterator](): Iterator<FastifyRequest> {
    for (let request = this.#first; request !== undefined; request = request.nextOpen) yield request;
  }
}

/** As an operator wants to read it; the route's template, never what was sent. */
export function described(request: FastifyRequest): string {
  return `${request.method} ${request.routeOptions.url ?? 'unmatched'} (${request.id})`;
}
