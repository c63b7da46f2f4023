/** The one place that decides which answer ends its connection, and what becomes of what stands behind it. */
import type { Socket } from 'node:net';
import type { ProblemCode } from '../problem.ts';
import { connectionOf } from './connection.ts';
import type { Answer } from './response-headers.ts';

/** What is known of a request and its answer; each hook or route says what it knows. */
export type EndFacts = {
  /** The replica stops: its clients are to come back to another one. */
  readonly isDraining?: boolean;
  /** How many requests the connection may still serve; its client is to open a new one, which may lead to another replica. */
  readonly requestsLeft?: number;
  /** A stream to HTTP/1.0, which has no chunks: only the end of the connection ends it. */
  readonly hasNoLength?: boolean;
  /** How it is refused. */
  readonly problem?: ProblemCode;
  /** Not all of the refused body is here: what comes next is the rest of it, not a request. */
  readonly isBodyUnread?: boolean;
};

/** After these nobody can be sure where the request ends and the next one begins, or the limit is one of the connection. */
const ENDING_PROBLEMS: ReadonlySet<ProblemCode> = new Set([
  'bad-request',
  'version-not-supported',
  'coding-not-supported',
  'expectation-failed',
  'request-timeout',
  'too-many-pipelined',
]);

/** Pure: whether an answer is the last one of its connection. */
export function endsConnection({
  isDraining,
  requestsLeft = 1,
  hasNoLength,
  problem,
  isBodyUnread,
}: EndFacts): boolean {
  if (isDraining === true || requestsLeft < 1 || hasNoLength === true || isBodyUnread === true) return true;
  return problem !== undefined && ENDING_PROBLEMS.has(problem);
}

/** Obeys the decision. To be called as soon as the facts are known: Node hands over every request of a packet before the first is answered. */
export function endWhereDue(answer: Pick<Answer, 'closeConnection'>, facts: EndFacts): void {
  if (endsConnection(facts)) answer.closeConnection();
}

/** Node takes every request that a packet holds, whatever was answered to the first; some thousand objects of them are enough. */
const MAX_IGNORED_REQUESTS = 64;

/** Whether a request that has just come in stands behind the last answer of its connection; ends one that has sent too many of them. */
export function isBehindLast(socket: Socket): boolean {
  const connection = connectionOf(socket);
  if (!connection.isClosing) return false;
  connection.ignoredRequests += 1;
  if (connection.ignoredRequests > MAX_IGNORED_REQUESTS) socket.destroy();
  return true;
}
