/** Answers what is not even HTTP, or too slow or too large to be read: no request exists then, only a socket. */
import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { Refusal } from '#foundation/outcome.ts';
import type { HookParts } from './hooks/hook.ts';
import { OTHER_METHOD, UNMATCHED_PATH } from './hooks/observation.ts';
import { PROBLEM_CONTENT_TYPE, type ProblemCode, problemOf } from './problem.ts';
import { MAX_HEADER_BYTES } from './settings.ts';

const REFUSALS: Readonly<Record<string, Refusal<ProblemCode>>> = {
  HPE_HEADER_OVERFLOW: {
    code: 'header-too-large',
    detail: `The request line and the headers together may have ${MAX_HEADER_BYTES} bytes.`,
  },
  ERR_HTTP_REQUEST_TIMEOUT: { code: 'request-timeout', detail: 'Send the whole request faster.' },
};

const NOT_HTTP: Refusal<ProblemCode> = {
  code: 'bad-request',
  detail: 'The request cannot be understood as HTTP says.',
};

export function answerBrokenConnection(
  error: NodeJS.ErrnoException,
  socket: Socket,
  { observer }: Pick<HookParts, 'observer'>,
): void {
  // The peer has gone, or an answer is on its way: bytes of ours would end up in the middle of it. Node keeps the
  // answer in this undocumented field and decides by it in its own handler too.
  const { _httpMessage: answer } = socket as Socket & { _httpMessage?: unknown };
  if (error.code === 'ECONNRESET' || !socket.writable || answer != null) {
    socket.destroy();
    return;
  }
  const requestId = randomUUID();
  const problem = problemOf(REFUSALS[error.code ?? ''] ?? NOT_HTTP, requestId);
  const body = JSON.stringify(problem);
  const head = [
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}`,
    `content-type: ${PROBLEM_CONTENT_TYPE}`,
    `content-length: ${Buffer.byteLength(body)}`,
    `x-request-id: ${requestId}`,
    'connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
  observer.started();
  observer.finished({
    requestId,
    method: OTHER_METHOD,
    path: UNMATCHED_PATH,
    status: problem.status,
    durationMs: 0,
    bytesSent: Buffer.byteLength(body),
    client: socket.remoteAddress ?? '',
    isRoutine: false,
  });
}
