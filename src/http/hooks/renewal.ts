/** Asks clients to come back on a new connection now and then, so that new replicas get their share of old clients. */
import { closeWith } from './closing.ts';
import type { Hook } from './hook.ts';

/** Not Node's maxRequestsPerSocket: it answers 503 to what is pipelined behind the last one. */
export const renewalHook: Hook =
  (_app, { connections }) =>
  (request, reply) => {
    const connection = connections.of(request.raw.socket);
    connection.requestsLeft -= 1;
    if (connection.requestsLeft < 1) closeWith(request, reply, connections);
    return true;
  };
