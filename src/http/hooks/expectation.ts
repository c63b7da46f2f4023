/** `Expect: 100-continue`: a client that asks before it sends its body is told no before, not after it. */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { RefusedRequest, requireJsonType } from '../json-body.ts';
import { MAX_BODY_BYTES } from '../settings.ts';
import { type Answer, answerOf } from '../wire/response-headers.ts';
import type { Hook } from './hook.ts';

/** The go-ahead is given after everything that may refuse on the head alone, and before the body is read (RFC 9110, section 10.1.1). */
export const expectationHook: Hook = {
  register: ({ server }) => {
    // Without a listener, Node gives the go-ahead itself before anything has looked at the request.
    server.on('checkContinue', (request: IncomingMessage, answer: Answer) => {
      answer.awaitsContinue = true;
      server.emit('request', request, answer);
    });
  },
  onRequest: () => (request, reply) => {
    const answer = answerOf(reply);
    if (answer.awaitsContinue) goAhead(request.headers, answer);
    return true;
  },
};

/** @throws RefusedRequest if the body would be refused. */
function goAhead(headers: IncomingHttpHeaders, answer: Answer): void {
  const { 'content-length': length, 'transfer-encoding': coding } = headers;
  // Without a body there is nothing to go ahead with.
  if (coding === undefined && Number(length ?? 0) === 0) return;
  requireJsonType(headers);
  if (Number(length ?? 0) > MAX_BODY_BYTES) {
    throw new RefusedRequest({ code: 'body-too-large', detail: `The body may have ${MAX_BODY_BYTES} bytes.` });
  }
  answer.writeContinue();
}
