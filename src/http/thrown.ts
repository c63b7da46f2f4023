/** Turns what was thrown, by a hook, by Fastify or by a route, into the one form of every refusal. */
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import type { RequestTrace } from '#observability/request-record.ts';
import { invalidInput } from './invalid-input.ts';
import { RefusedRequest } from './json-body.ts';
import { sendProblem } from './send-problem.ts';
import { MAX_BODY_BYTES } from './settings.ts';
import { endWhereDue } from './wire/connection-end.ts';
import { answerOf } from './wire/response-headers.ts';

/** Told of what became a 500, under the request's id. */
export type OnFailure = (requestId: string, trace: RequestTrace | undefined, cause: unknown) => void;

/** Fastify's error handler. */
export function answerThrown(onFailure: OnFailure) {
  return (error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    // Fastify says the end whenever a body is refused, lest the rest of it be taken for a request. A whole one has no rest, and
    // what stands behind it in the same packet is under way by now.
    const saysTheEnd = reply.getHeader('connection') !== undefined;
    reply.removeHeader('connection');
    endWhereDue(answerOf(reply), { isBodyUnread: saysTheEnd && !request.raw.complete });
    return sendProblem(reply, refusalOf(error, request, onFailure));
  };
}

/** @param thrown what was thrown: JavaScript does not promise that it is an error, or anything at all. */
function refusalOf(thrown: unknown, request: FastifyRequest, onFailure: OnFailure) {
  if (thrown instanceof RefusedRequest) return thrown.refusal;
  const error: Partial<FastifyError> = thrown instanceof Error ? thrown : {};
  if (error.validation !== undefined) {
    return invalidInput(error.validationContext, error.validation);
  }
  switch (error.code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return { code: 'body-too-large', detail: `The body may have ${MAX_BODY_BYTES} bytes.` } as const;
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return { code: 'unsupported-media-type', detail: 'Send the body as application/json in UTF-8.' } as const;
    default:
  }
  if (error.statusCode !== undefined && error.statusCode >= 400 && error.statusCode < 500) {
    return { code: 'bad-request', detail: 'The request cannot be understood as HTTP says.' } as const;
  }
  onFailure(request.id, request.trace, thrown);
  return { code: 'internal', detail: 'The cause is in the log, under this request id.' } as const;
}
