/** What comes behind an answer that ends its connection is not looked at: RFC 9112, section 9.6, forbids to process it. */
import type { Socket } from 'node:net';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Hook } from './hook.ts';

/** Connections that have been told, or are about to be told, that they end. */
export type ClosingConnections = WeakSet<Socket>;

/** Node takes every request that a packet holds, whatever was answered to the first; some thousand objects of them are enough. */
const MAX_IGNORED_REQUESTS = 64;

/** Without it, a valid request behind a refused one would run, and nobody would get its answer. */
export const closingHook: Hook = (app, { closing }) => {
  const ignored = new WeakMap<Socket, number>();
  app.addHook('onRequest', (request, reply, done) => {
    const { socket } = request.raw;
    if (!closing.has(socket)) {
      done();
      return;
    }
    // Never answered: Node ends the connection behind the answer that says so.
    reply.hijack();
    const count = (ignored.get(socket) ?? 0) + 1;
    ignored.set(socket, count);
    if (count > MAX_IGNORED_REQUESTS) socket.destroy();
  });
};

/** Makes the answer the last one of its connection. */
export function closeWith(request: FastifyRequest, reply: FastifyReply, closing: ClosingConnections): FastifyReply {
  closing.add(request.raw.socket);
  return reply.header('connection', 'close');
}
