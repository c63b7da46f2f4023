/** The one place that sees each request begin and end, aborted ones included; log and metrics are made from it. */
import type { ServerResponse } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { CLIENT_CLOSED_REQUEST } from '#observability/request-record.ts';
import type { Hook, HookParts } from './hook.ts';

/** Names from RFC 9110 and RFC 5789; any other is one value, so that no client can add a series. */
const METHODS: ReadonlySet<string> = new Set([
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'DELETE',
  'CONNECT',
  'OPTIONS',
  'TRACE',
  'PATCH',
]);

/** OpenTelemetry's word for a method outside of the known ones. */
export const OTHER_METHOD = '_OTHER';
export const UNMATCHED_PATH = 'unmatched';

export const observationHook: Hook = (app, parts) => {
  app.addHook('onRequest', (request, reply, done) => {
    observeRequest(request, reply, parts);
    done();
  });
};

export function observeRequest(
  request: FastifyRequest,
  reply: FastifyReply,
  { clock, observer, openRequests, latestRequests }: HookParts,
): void {
  const startedMs = clock.monotonicMs();
  const { socket } = request.raw;
  const bytesBefore = socket.bytesWritten;
  const client = request.ip ?? '';
  observer.started();
  openRequests.add(request);
  latestRequests.set(socket, { request, answer: reply.raw });
  // Fastify's onResponse does not run when the client is gone; `close` always comes, and once.
  reply.raw.once('close', () => {
    openRequests.delete(request);
    const { url, config } = request.routeOptions;
    observer.finished({
      requestId: request.id,
      method: METHODS.has(request.method) ? request.method : OTHER_METHOD,
      path: url ?? UNMATCHED_PATH,
      status: wasAnswered(reply.raw, config.isStream) ? reply.raw.statusCode : CLIENT_CLOSED_REQUEST,
      durationMs: clock.monotonicMs() - startedMs,
      bytesSent: socket.bytesWritten - bytesBefore,
      client,
      isRoutine: config.isRoutine === true,
    });
  });
}

function wasAnswered(answer: ServerResponse, isStream = false): boolean {
  return answer.writableFinished || (isStream && answer.headersSent);
}
