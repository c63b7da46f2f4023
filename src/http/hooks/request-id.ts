/** Answers carry the request's id, also those that something later refuses. */
import { answerOf } from '../wire/response-headers.ts';
import type { Hook } from './hook.ts';

export const requestIdHook: Hook = {
  onRequest: () => (request, reply) => {
    answerOf(reply).requestId = request.id;
    return true;
  },
};
