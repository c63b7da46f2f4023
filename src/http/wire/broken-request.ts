/** Answers what breaks while it is read: not HTTP at all, too slow, too large, or an expectation that nobody meets. */

import { type IncomingMessage, type Server, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { type Clock, httpDate } from '#foundation/clock.ts';
import type { Refusal } from '#foundation/outcome.ts';
import { newTraceId } from '#foundation/trace-context.ts';
import { OTHER_METHOD, type RequestObserver, UNMATCHED_PATH } from '#observability/request-record.ts';
import type { Tracing } from '#observability/tracing/tracing.ts';
import { PROBLEM_CONTENT_TYPE, type ProblemCode, problemOf } from '../problem.ts';
import { connectionOf, type LatestAnswer } from './connection.ts';
import { isBehindLast } from './connection-end.ts';
import { REQUEST_ID_HEADER, requestIdOf } from './request-id.ts';
import { type Answer, linesOf, replicaHeaders, SECURITY_HEADERS } from './response-headers.ts';

function refusalOf(code: string | undefined, maxHeaderBytes: number): Refusal<ProblemCode> {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return {
        code: 'header-too-large',
        detail: `The target and the names and values of all headers must be shorter than ${maxHeaderBytes} bytes together (SKYOPS_MAX_HEADER_BYTES).`,
      };
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return { code: 'request-timeout', detail: 'Send the whole request faster.' };
    default:
      return NOT_HTTP;
  }
}

/** HTTP/0.9 has no headers and no status to answer with. */
const VERSIONLESS: Refusal<ProblemCode> = {
  code: 'bad-request',
  detail: 'The request line has no HTTP version.',
};

const NOT_HTTP: Refusal<ProblemCode> = {
  code: 'bad-request',
  detail: 'The request cannot be understood as HTTP says.',
};

type Parts = {
  readonly clock: Clock;
  readonly observer: RequestObserver;
  readonly tracing: Pick<Tracing, 'begin'>;
  readonly replica: string;
};

/**
 * Fastify's clientErrorHandler. Exactly one answer belongs to a request, so what is written depends on how far the
 * latest request of the connection has come.
 */
export function answerBrokenConnection(
  error: NodeJS.ErrnoException,
  socket: Socket,
  parts: Parts,
  maxHeaderBytes: number,
): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const refusal = refusalOf(error.code, maxHeaderBytes);
  const { isClosing, latestRequest: request, latestAnswer: answer } = connectionOf(socket);
  // Behind the last answer, or behind a request that asked for the end: nobody looks at it, and Node ends the connection. What breaks
  // within the last request is another matter: nothing else would ever answer that.
  const isBehind = isClosing && (request === undefined || request.raw.complete);
  if (isBehind || error.code === 'HPE_CLOSED_CONNECTION') return;
  if (request === undefined || answer === undefined || (request.raw.complete && answer.writableFinished)) {
    refuseOnSocket(socket, refusal, parts);
  } else if (request.raw.complete) {
    // A whole request, with something broken behind it: it gets its answer first.
    answer.once('finish', () => refuseOnSocket(socket, refusal, parts));
  } else if (answer.headersSent) {
    // Answered already, before its body was read: another answer would be taken for the next request's.
    socket.destroy();
  } else {
    // Its own body is broken. Written through its answer, it is observed under its route and its id.
    answerProblem(answer, refusal);
  }
}

/** Node answers these two by itself otherwise, without a body, an id, or a trace in log and metrics. */
export function answerOddRequests(server: Server, parts: Parts): void {
  server.on('checkExpectation', (request: IncomingMessage, answer: Answer) => {
    // The closing hook, which all other requests come by, does not see this one.
    if (isBehindLast(request.socket)) return;
    answer.requestId = requestIdOf(request);
    const problem = answerProblem(answer, {
      code: 'expectation-failed',
      detail: 'Only Expect: 100-continue is understood.',
    });
    observe(problem, request.socket, parts);
  });
  server.on('connect', (_request: IncomingMessage, socket: Socket) => {
    // Node has let go of the socket: an error on it, such as a reset by the client, would end the process.
    socket.on('error', () => socket.destroy());
    const { isClosing, openRequests } = connectionOf(socket);
    // An answer now would be taken for that of the request before.
    if (isClosing || openRequests > 0) return void socket.destroy();
    refuseOnSocket(socket, { code: 'method-not-allowed', detail: 'This is not a proxy.' }, parts);
    // Nobody else closes it any more, neither a timeout nor the drain.
    socket.destroySoon();
  });
}

export const refuseVersionless = (socket: Socket, parts: Parts) => refuseOnSocket(socket, VERSIONLESS, parts);

function refuseOnSocket(socket: Socket, refusal: Refusal<ProblemCode>, parts: Parts): void {
  const sent = problemAnswer(refusal, newTraceId());
  const { status, requestId, headers, body } = sent;
  const head = linesOf({
    ...SECURITY_HEADERS,
    ...replicaHeaders(parts.replica),
    [REQUEST_ID_HEADER]: requestId,
    ...headers,
    date: httpDate(parts.clock.epochMs()),
  });
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${head}\r\n${body}`);
  observe(sent, socket, parts);
}

function answerProblem(answer: LatestAnswer, refusal: Refusal<ProblemCode>): ProblemAnswer {
  const sent = problemAnswer(refusal, answer.requestId);
  answer.writeHead(sent.status, sent.headers).end(sent.body);
  return sent;
}

type ProblemAnswer = {
  readonly status: number;
  readonly requestId: string;
  /** Without those that every answer has. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
};

function problemAnswer(refusal: Refusal<ProblemCode>, requestId: string): ProblemAnswer {
  const problem = problemOf(refusal, requestId);
  const body = JSON.stringify(problem);
  const headers = {
    'content-type': PROBLEM_CONTENT_TYPE,
    'content-length': String(Buffer.byteLength(body)),
    // What follows on this connection cannot be told from the rest of what broke.
    connection: 'close',
  };
  return { status: problem.status, requestId, headers, body };
}

function observe({ status, requestId, body }: ProblemAnswer, socket: Socket, { observer, tracing }: Parts): void {
  observer.started();
  observer.finished({
    requestId,
    trace: tracing.begin(undefined, {}),
    method: OTHER_METHOD,
    path: UNMATCHED_PATH,
    status,
    durationMs: 0,
    bytesSent: Buffer.byteLength(body),
    client: connectionOf(socket).client,
    isProbe: false,
    sent: undefined,
  });
}
