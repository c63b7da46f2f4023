/** `Expect: 100-continue`: a client that asks before it sends its body is told no before, not after it. */
import type { IncomingMessage, ServerResponse } from 'node:http';
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
  app.addHook('preParsing', async (request, reply, payload) => {
    if (!waiting.delete(request.raw)) return payload;
    const { 'content-length': length, 'transfer-encoding': coding } = request.headers;
    // Without a body there is nothing to go ahead with.
    if (coding === undefined && Number(length ?? 0) === 0) return payload;
    requireJsonType(request.headers);
    if (Number(length ?? 0) > MAX_BODY_BYTES) {
      throw new RefusedRequest({ code: 'body-too-large', detail: `The body may have ${MAX_BODY_BYTES} bytes.` });
    }
    reply.raw.writeContinue();
    return payload;
  });
};
