/** A process that stood still, frozen or blocked, has read nothing meanwhile: who was sending something is not cut for that. */
import type { Server } from 'node:http';
import type { Clock } from '#foundation/clock.ts';
import { TIMEOUT_CHECK_MS } from '../settings.ts';

/**
 * Node looks for requests that take too long before it reads what has come while it stood still. After eleven seconds of SIGSTOP it cut
 * every one that was half sent (measured). It asks the server for both times at each look, several times in a row, and 0 is none: a look
 * that comes half a period late gets that, and the next one cuts whoever was slow indeed. What stood still for less has not made ten
 * seconds out of the few milliseconds that a head takes.
 */
export function excuseFreezes(server: Pick<Server, 'headersTimeout' | 'requestTimeout'>, clock: Clock): void {
  const { headersTimeout, requestTimeout } = server;
  let lookedMs = clock.monotonicMs();
  let isLate = false;
  const unlessLate = (timeoutMs: number) => {
    const sinceMs = clock.monotonicMs() - lookedMs;
    // Less is the same look.
    if (sinceMs > TIMEOUT_CHECK_MS / 2) {
      isLate = sinceMs >= 1.5 * TIMEOUT_CHECK_MS;
      lookedMs += sinceMs;
    }
    return isLate ? 0 : timeoutMs;
  };
  Object.defineProperties(server, {
    headersTimeout: { get: () => unlessLate(headersTimeout) },
    requestTimeout: { get: () => unlessLate(requestTimeout) },
  });
}
