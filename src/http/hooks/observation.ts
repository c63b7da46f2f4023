/** The one place that sees each request begin and end, aborted ones included; log and metrics are made from it. */
import type { ServerResponse } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { traceparentOf } from '#foundation/trace-context.ts';
import {
  CLIENT_CLOSED_REQUEST,
  OTHER_METHOD,
  type RequestTrace,
  type SentRequest,
  UNMATCHED_PATH,
} from '#observability/request-record.ts';
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

declare module 'fastify' {
  interface FastifyRequest {
    /** Its span, from the moment in which it is observed. */
    trace: RequestTrace;
  }
}

export const observationHook: Hook = (app, parts) => {
  app.decorateRequest('trace');
  app.addHook('onRoute', ({ method, url, schema }) => {
    for (const each of [method].flat()) {
      // What is documented, without the HEAD that Fastify adds to every GET: the files of the pages can wait for their first request.
      if (each !== 'HEAD' && schema?.operationId !== undefined)
        for (const status of declaredStatuses(schema)) parts.observer.declared(each, url, status);
    }
  });
  app.addHook('onRequest', (request, reply, done) => {
    observeRequest(request, reply, parts);
    done();
  });
};

export function observeRequest(
  request: FastifyRequest,
  reply: FastifyReply,
  { clock, observer, tracing, openRequests, latestRequests }: HookParts,
): void {
  const startedMs = clock.monotonicMs();
  const { socket } = request.raw;
  const bytesBefore = socket.bytesWritten;
  const client = request.ip ?? '';
  const { headers } = request.raw;
  const trace = tracing.begin(request.id, oneOf(headers['traceparent']), oneOf(headers['tracestate']));
  request.trace = trace;
  // How a page or a script learns where its request is in the traces; what is not exported is nowhere to be found.
  if (trace.isSampled) reply.header('server-timing', `traceparent;desc="${traceparentOf(trace)}"`);
  observer.started();
  openRequests.add(request);
  latestRequests.set(socket, { request, answer: reply.raw });
  // Fastify's onResponse does not run when the client is gone; `close` always comes, and once.
  reply.raw.once('close', () => {
    openRequests.delete(request);
    const { url, config } = request.routeOptions;
    observer.finished({
      requestId: request.id,
      trace,
      method: METHODS.has(request.method) ? request.method : OTHER_METHOD,
      path: url ?? UNMATCHED_PATH,
      status: wasAnswered(reply.raw, config.isStream) ? reply.raw.statusCode : CLIENT_CLOSED_REQUEST,
      durationMs: clock.monotonicMs() - startedMs,
      bytesSent: socket.bytesWritten - bytesBefore,
      client,
      isRoutine: config.isRoutine === true,
      sent: trace.isSampled ? sentBy(request) : undefined,
    });
  });
}

/** How the route answers when all is well, and the status of what must not happen. */
function declaredStatuses(schema: { response?: unknown } | undefined): readonly number[] {
  const statuses = Object.keys((schema?.response as object | undefined) ?? {}).map(Number);
  return [statuses.find((status) => status < 400) ?? 200, 500];
}

/** Node joins what is sent twice, and types it as if it did not. */
const oneOf = (header: string | string[] | undefined) => (typeof header === 'string' ? header : undefined);

function sentBy({ raw }: FastifyRequest): SentRequest {
  const { method = '', url: target = '', httpVersion, headers } = raw;
  return { method, target, httpVersion, host: headers.host, userAgent: headers['user-agent'] };
}

function wasAnswered(answer: ServerResponse, isStream = false): boolean {
  return answer.writableFinished || (isStream && answer.headersSent);
}
