/** Answers where no route matches before a body is read: what is in it cannot matter. */
import { answerUnmatched } from '../unmatched.ts';
import type { Hook } from './hook.ts';

export const unmatchedHook: Hook = {
  onRequest: () => (request, reply) => {
    if (!request.is404) return true;
    answerUnmatched(request, reply);
    return false;
  },
};
