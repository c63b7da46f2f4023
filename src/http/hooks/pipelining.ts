/** Bounds how many requests of one connection are open at a time: each may hold an answer that its client does not read. */
import type { Socket } from 'node:net';
import { sendProblem } from '../problem.ts';
import { MAX_PIPELINED_REQUESTS } from '../settings.ts';
import { closeWith } from './closing.ts';
import type { Hook } from './hook.ts';

/**
 * Node takes every request that a packet holds before it looks at what waits to be sent: a thousand connections with 60 requests
 * for a large answer each ended the process out of memory (seen).
 */
export const pipeliningHook: Hook = (app, { closing }) => {
  const open = new WeakMap<Socket, number>();
  app.addHook('onRequest', (request, reply, done) => {
    const { socket } = request.raw;
    const now = (open.get(socket) ?? 0) + 1;
    open.set(socket, now);
    reply.raw.once('close', () => open.set(socket, (open.get(socket) ?? 1) - 1));
    if (now <= MAX_PIPELINED_REQUESTS) {
      done();
      return;
    }
    // What stands behind it is not answered: its client has to open another connection.
    sendProblem(closeWith(request, reply, closing), {
      code: 'too-many-pipelined',
      detail: `At most ${MAX_PIPELINED_REQUESTS} requests of a connection may wait for their answers.`,
    });
  });
};
