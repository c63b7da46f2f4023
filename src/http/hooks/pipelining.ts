/** Bounds how many requests of one connection are open at a time: each may hold an answer that its client does not read. */

import { sendProblem } from '../send-problem.ts';
import { MAX_PIPELINED_REQUESTS } from '../settings.ts';
import { connectionOf } from '../wire/connection.ts';
import type { Hook } from './hook.ts';

/**
 * Node takes every request that a packet holds before it looks at what waits to be sent: a thousand connections with 60 requests
 * for a large answer each ended the process out of memory (seen).
 */
export const pipeliningHook: Hook = {
  onRequest: () => (request, reply) => {
    if (connectionOf(request.raw.socket).openRequests <= MAX_PIPELINED_REQUESTS) return true;
    // What stands behind it is not answered: its client has to open another connection.
    sendProblem(reply, {
      code: 'too-many-pipelined',
      detail: `At most ${MAX_PIPELINED_REQUESTS} requests of a connection may wait for their answers.`,
    });
    return false;
  },
};
