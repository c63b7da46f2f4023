/** Asks clients to come back on a new connection now and then, so that new replicas get their share of old clients. */
import type { Socket } from 'node:net';
import { REQUESTS_PER_CONNECTION } from '../settings.ts';
import { closeWith } from './closing.ts';
import type { Hook } from './hook.ts';

/**
 * Not Node's maxRequestsPerSocket: it answers 503 to what is pipelined behind the last one, and all the connections that
 * a load test opens together would end together.
 */
export const renewalHook: Hook = (app, { closing }) => {
  const left = new WeakMap<Socket, number>();
  app.addHook('onRequest', (request, reply, done) => {
    const { socket } = request.raw;
    const now = (left.get(socket) ?? REQUESTS_PER_CONNECTION * (0.75 + Math.random() / 2)) - 1;
    left.set(socket, now);
    if (now < 1) closeWith(request, reply, closing);
    done();
  });
};
