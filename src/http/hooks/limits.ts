/** Refuses what is larger than anything that exists here, before any work is done for it. */
import { sendProblem } from '../problem.ts';
import { MAX_TARGET_LENGTH } from '../settings.ts';
import type { Hook } from './hook.ts';

export const limitsHook: Hook = (app) => {
  app.addHook('onRequest', (request, reply, done) => {
    if (request.url.length <= MAX_TARGET_LENGTH) return done();
    sendProblem(reply, {
      code: 'target-too-long',
      detail: `The path and the query together may have ${MAX_TARGET_LENGTH} characters.`,
    });
  });
};
