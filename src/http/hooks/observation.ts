/** The one place that sees each request begin and end, aborted ones included; log and metrics are made from it. */

import type { ServerResponse } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { traceparentOf } from '#foundation/trace-context.ts';
import { tricks } from '#foundation/tricks.ts';
import {
  CLIENT_CLOSED_REQUEST,
  OTHER_METHOD,
  type RequestTrace,
  type SentRequest,
  UNMATCHED_PATH,
} from '#observability/request-record.ts';
import { connectionOf } from '../wire/connection.ts';
import { REQUEST_ID_HEADER } from '../wire/request-id.ts';
import { answerOf } from '../wire/response-headers.ts';
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
  interface FastifyContextConfig {
    /** What is observed of the route; not there where no route matches. */
    observed?: ObservedRoute;
  }
}

type ObservedRoute = { readonly path: string; readonly isProbe: boolean; readonly isStream: boolean };

const UNMATCHED: ObservedRoute = { path: UNMATCHED_PATH, isProbe: false, isStream: false };

export const observationHook: Hook = {
  register: (app, { observer }) => {
    app.decorateRequest('trace').decorateRequest('nextOpen').decorateRequest('previousOpen');
    app.addHook('onRoute', (route) => {
      const { method, url, schema, config } = route;
      const observed = { path: url, isProbe: config?.isProbe === true, isStream: config?.isStream === true };
      route.config = { ...config, observed };
      for (const each of [method].flat()) {
        // What is documented, without the HEAD that Fastify adds to every GET: the files of the pages can wait for their first request.
        if (each !== 'HEAD' && schema?.operationId !== undefined)
          for (const status of declaredStatuses(schema)) observer.declared(each, url, status);
      }
    });
  },
  onRequest: (parts) => (request, reply) => {
    observeRequest(request, reply, parts);
    return true;
  },
};

export function observeRequest(
  request: FastifyRequest,
  reply: FastifyReply,
  { clock, observer, tracing, openRequests }: HookParts,
): void {
  const startedMs = clock.monotonicMs();
  const { socket, headers } = request.raw;
  const trace = tracing.begin(ownIdOf(request), headers);
  request.trace = trace;
  // How a page or a script learns where its request is in the traces; what is not exported is nowhere to be found.
  if (trace.isSampled) reply.header('server-timing', `traceparent;desc="${traceparentOf(trace)}"`);
  observer.started();
  openRequests.add(request);
  const connection = connectionOf(socket);
  connection.openRequests += 1;
  connection.latestRequest = request;
  connection.latestAnswer = answerOf(reply);
  // Fastify's onResponse does not run when the client is gone; `close` always comes, and once.
  reply.raw.on('close', () => {
    openRequests.delete(request);
    connection.openRequests -= 1;
    // What was answered whole is not kept until the next request: V8 would take it for something that lives long, and collect the whole
    // heap for it again and again (0.4 of 13 µs a request).
    if (
      tricks.releasedRequests &&
      connection.latestRequest === request &&
      request.raw.complete &&
      reply.raw.writableFinished
    ) {
      connection.latestRequest = undefined;
      connection.latestAnswer = undefined;
    }
    const { bytesWritten } = socket;
    const bytesSent = bytesWritten - connection.bytesObserved;
    connection.bytesObserved = bytesWritten;
    // A page's file that does not exist has lost its route by now.
    const { path, isProbe, isStream } = request.routeOptions.config?.observed ?? UNMATCHED;
    observer.finished({
      requestId: request.id,
      trace,
      method: METHODS.has(request.method) ? request.method : OTHER_METHOD,
      path,
      status: wasAnswered(reply.raw, isStream) ? reply.raw.statusCode : CLIENT_CLOSED_REQUEST,
      durationMs: clock.monotonicMs() - startedMs,
      bytesSent,
      client: connection.client,
      isProbe,
      sent: trace.isSampled ? sentBy(request) : undefined,
    });
  });
}

/** How the route answers when all is well, and the status of what must not happen. */
function declaredStatuses(schema: { response?: unknown } | undefined): readonly number[] {
  const statuses = Object.keys((schema?.response as object | undefined) ?? {}).map(Number);
  return [statuses.find((status) => status < 400) ?? 200, 500];
}

/** `undefined` where the caller chose the id. */
const ownIdOf = ({ id, raw }: FastifyRequest) => (raw.headers[REQUEST_ID_HEADER] === id ? undefined : id);

function sentBy({ raw }: FastifyRequest): SentRequest {
  const { method = '', url: target = '', httpVersion, headers } = raw;
  return { method, target, httpVersion, host: headers.host, userAgent: headers['user-agent'] };
}

function wasAnswered(answer: ServerResponse, isStream: boolean): boolean {
  return answer.writableFinished || (isStream && answer.headersSent);
}
