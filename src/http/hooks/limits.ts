/** Refuses what is larger than anything that exists here, before any work is done for it. */
import { sendProblem } from '../send-problem.ts';
import { MAX_HEADERS, MAX_TARGET_LENGTH } from '../settings.ts';
import type { Hook } from './hook.ts';

export const limitsHook: Hook = {
  onRequest: () => (request, reply) => {
    if (request.url.length > MAX_TARGET_LENGTH) {
      sendProblem(reply, {
        code: 'target-too-long',
        detail: `The path and the query together may have ${MAX_TARGET_LENGTH} characters.`,
      });
      return false;
    }
    if (request.raw.rawHeaders.length > 2 * MAX_HEADERS) {
      sendProblem(reply, { code: 'header-too-large', detail: `A request may have ${MAX_HEADERS} header lines.` });
      return false;
    }
    return true;
  },
};
