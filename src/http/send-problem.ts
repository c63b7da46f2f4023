/** Answers a request with a problem, and ends its connection where such a problem must. */
import type { FastifyReply } from 'fastify';
import type { Refusal } from '#foundation/outcome.ts';
import { PROBLEM_CONTENT_TYPE, type ProblemCode, problemOf } from './problem.ts';
import { endWhereDue } from './wire/connection-end.ts';
import { answerOf } from './wire/response-headers.ts';

/** Retry-After is there where waiting helps. */
export function sendProblem(reply: FastifyReply, refusal: Refusal<ProblemCode>): FastifyReply {
  if (refusal.retryAfterSeconds !== undefined) reply.header('retry-after', String(refusal.retryAfterSeconds));
  endWhereDue(answerOf(reply), { problem: refusal.code });
  const problem = problemOf(refusal, reply.request.id);
  return reply.code(problem.status).header('content-type', PROBLEM_CONTENT_TYPE).send(JSON.stringify(problem));
}
