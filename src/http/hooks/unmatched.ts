/** Answers where no route matches before a body is read: what is in it cannot matter. */
import { answerUnmatched } from '../unmatched.ts';
import type { Hook } from './hook.ts';

export const unmatchedHook: Hook = (app) => {
  app.addHook('onRequest', (request, reply, done) => {
    if (request.is404) answerUnmatched(app, request, reply);
    else done();
  });
};
