/** What comes behind an answer that ends its connection is not looked at: RFC 9112, section 9.6, forbids to process it. */
import type { Socket } from 'node:net';
import type { FastifyReply } from 'fastify';
import { answerOf } from '../answer.ts';
import { connectionOf } from '../connection.ts';
import type { Hook } from './hook.ts';

/** Node takes every request that a packet holds, whatever was answered to the first; some thousand objects of them are enough. */
const MAX_IGNORED_REQUESTS = 64;

/** Without it, a valid request behind a refused one would run, and nobody would get its answer. */
export const closingHook: Hook = () => (request, reply) => {
  if (!isBehindLast(request.raw.socket)) return true;
  // Never answered: Node ends the connection behind the answer that says so.
  reply.hijack();
  return false;
};

/** Whether a request that has just come in stands behind the last answer of its connection; ends one that has sent too many of them. */
export function isBehindLast(socket: Socket): boolean {
  const connection = connectionOf(socket);
  if (!connection.isClosing) return false;
  connection.ignoredRequests += 1;
  if (connection.ignoredRequests > MAX_IGNORED_REQUESTS) socket.destroy();
  return true;
}

/** Makes the answer the last one of its connection. */
export function closeWith(reply: FastifyReply): FastifyReply {
  answerOf(reply).closeConnection();
  return reply;
}
