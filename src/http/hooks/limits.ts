/** Refuses what is larger than anything that exists here, or not addressed to it, before any work is done for it. */
import { sendProblem } from '../problem.ts';
import { MAX_TARGET_LENGTH } from '../settings.ts';
import type { Hook } from './hook.ts';

export const limitsHook: Hook = (app) => {
  app.addHook('onRequest', (request, reply, done) => {
    if (request.url.length > MAX_TARGET_LENGTH) {
      sendProblem(reply, {
        code: 'target-too-long',
        detail: `The path and the query together may have ${MAX_TARGET_LENGTH} characters.`,
      });
    } else if (request.raw.httpVersion === '1.1' && request.raw.headers.host === undefined) {
      // RFC 9112, section 3.2.
      sendProblem(reply.header('connection', 'close'), {
        code: 'bad-request',
        detail: 'HTTP/1.1 requires a Host header.',
      });
    } else if (!request.url.startsWith('/')) {
      // The absolute form is for proxies; taken here, it would let a client choose the host in redirects.
      sendProblem(reply.header('connection', 'close'), {
        code: 'bad-request',
        detail: 'Send the path alone: this is not a proxy.',
      });
    } else {
      done();
    }
  });
};
