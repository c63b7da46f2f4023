/** The id that joins an answer, its log lines and its trace; taken from the caller only if it is well formed. */
import type { IncomingMessage } from 'node:http';
import { newTraceId } from '#foundation/trace-context.ts';

export const REQUEST_ID_HEADER = 'x-request-id';

/** Short enough for every log store, long enough for a UUID or a trace id, and nothing that a log could stumble over. */
const WELL_FORMED = /^[A-Za-z0-9._-]{8,64}$/;

/** One of our own has the form of a trace id, and is the id of the trace too where the caller brings none. */
export function requestIdOf({ headers }: Pick<IncomingMessage, 'headers'>): string {
  const given = headers[REQUEST_ID_HEADER];
  // Sent twice, Node joins the two with a comma, which is not well-formed: it would be neither of them.
  return typeof given === 'string' && WELL_FORMED.test(given) ? given : newTraceId();
}
