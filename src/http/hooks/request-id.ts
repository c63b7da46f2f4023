/** Answers carry the request's id, also those that something later refuses. */
import { REQUEST_ID_HEADER } from '../request-id.ts';
import type { Hook } from './hook.ts';

export const requestIdHook: Hook = () => (request, reply) => {
  reply.header(REQUEST_ID_HEADER, request.id);
  return true;
};
