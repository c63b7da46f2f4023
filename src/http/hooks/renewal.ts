/** Asks clients to come back on a new connection now and then, so that new replicas get their share of old clients. */
import { connectionOf } from '../connection.ts';
import { closeWith } from './closing.ts';
import type { Hook } from './hook.ts';

/** Not Node's maxRequestsPerSocket: it answers 503 to what is pipelined behind the last one. */
export const renewalHook: Hook = () => (request, reply) => {
  const connection = connectionOf(request.raw.socket);
  connection.requestsLeft -= 1;
  if (connection.requestsLeft < 1) closeWith(reply);
  return true;
};
