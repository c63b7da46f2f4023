/** `Expect: 100-continue`: a client that asks before it sends its body is told no before, not after it. */
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { RefusedRequest, requireJsonType } from '../json-body.ts';
import { MAX_BODY_BYTES } from '../settings.ts';
import type { Hook } from './hook.ts';

/** The go-ahead is given after everything that may refuse on the head alone, and before the body is read (RFC 9110, section 10.1.1). */
export const expectationHook: Hook = (app) => {
  const waiting = new WeakSet<IncomingMessage>();
  // Without a listener, Node gives the go-ahead itself before anything has looked at the request.
  app.server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    waiting.add(request);
    app.server.emit('request', request, response);
  });
  // With a callback: a promise for each request costs more than all that is done here.
  app.addHook('preParsing', (request, reply, payload, done) => {
    try {
      if (waiting.delete(request.raw)) goAhead(request.headers, reply.raw);
      done(null, payload);
    } catch (error) {
      done(error as Error);
    }
  });
  return undefined;
};

/** @throws RefusedRequest if the body would be refused. */
function goAhead(headers: IncomingHttpHeaders, answer: ServerResponse): void {
  const { 'content-length': length, 'transfer-encoding': coding } = headers;
  // Without a body there is nothing to go ahead with.
  if (coding === undefined && Number(length ?? 0) === 0) return;
  requireJsonType(headers);
  if (Number(length ?? 0) > MAX_BODY_BYTES) {
    throw new RefusedRequest({ code: 'body-too-large', detail: `The body may have ${MAX_BODY_BYTES} bytes.` });
  }
  answer.writeContinue();
}
