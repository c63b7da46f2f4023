import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { assertTimeouts } from './server.ts';
import { HEADERS_TIMEOUT_MS, REQUEST_TIMEOUT_MS } from './settings.ts';

describe('the timeouts', () => {
  it('that are in effect are the ones that were meant, or nothing is started', () => {
    const meant = { headersTimeout: HEADERS_TIMEOUT_MS, requestTimeout: REQUEST_TIMEOUT_MS };
    assertTimeouts({ server: meant });
    // What Node makes of a requestTimeout that is shorter than the one of the head, and what it has by itself.
    for (const other of [
      { headersTimeout: REQUEST_TIMEOUT_MS, requestTimeout: HEADERS_TIMEOUT_MS },
      { headersTimeout: 60_000, requestTimeout: 300_000 },
    ])
      assert.throws(() => assertTimeouts({ server: other }), { code: 'timeouts-swapped' });
  });
});
