/** What comes behind an answer that ends its connection is not looked at: RFC 9112, section 9.6, forbids to process it. */
import { isBehindLast } from '../wire/connection-end.ts';
import type { Hook } from './hook.ts';

/** Without it, a valid request behind a refused one would run, and nobody would get its answer. */
export const closingHook: Hook = {
  onRequest: () => (request, reply) => {
    if (!isBehindLast(request.raw.socket)) return true;
    // Never answered: Node ends the connection behind the answer that says so.
    reply.hijack();
    return false;
  },
};
