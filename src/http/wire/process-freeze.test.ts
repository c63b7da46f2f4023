import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createManualClock } from '#test/support/manual-clock.ts';
import { TIMEOUT_CHECK_MS } from '../settings.ts';
import { excuseFreezes } from './process-freeze.ts';

describe('a process freeze', () => {
  it('leaves out one look for slow requests, and only one', async () => {
    const clock = createManualClock();
    const server = { headersTimeout: 10_000, requestTimeout: 30_000 };
    excuseFreezes(server, clock);
    const look = async (afterMs: number) => {
      await clock.advance(afterMs);
      // As Node does: each of them more than once.
      return [server.headersTimeout, server.headersTimeout, server.requestTimeout];
    };
    assert.deepEqual(await look(TIMEOUT_CHECK_MS), [10_000, 10_000, 30_000]);
    assert.deepEqual(await look(TIMEOUT_CHECK_MS + 2000), [10_000, 10_000, 30_000], 'a busy moment is no freeze');
    assert.deepEqual(await look(11_000), [0, 0, 0]);
    assert.deepEqual(await look(TIMEOUT_CHECK_MS), [10_000, 10_000, 30_000]);
  });
});
