/** The id that joins an answer, its log lines and its trace; taken from the caller only if it is well formed. */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

export const REQUEST_ID_HEADER = 'x-request-id';

/** Short enough for every log store, long enough for a UUID or a trace id, and nothing that a log could stumble over. */
const WELL_FORMED = /^[A-Za-z0-9._-]{8,64}$/;

export function requestIdOf(request: Pick<IncomingMessage, 'headersDistinct'>): string {
  const given = request.headersDistinct[REQUEST_ID_HEADER];
  const [only] = given ?? [];
  // Sent twice, it is nobody's id: joined by a proxy it would be neither of the two.
  return given?.length === 1 && only !== undefined && WELL_FORMED.test(only) ? only : randomUUID();
}
