import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parsePrefer } from './prefer.ts';

describe('the Prefer header', () => {
  for (const [header, respondAsync, waitSeconds] of [
    [undefined, false, undefined],
    ['respond-async', true, undefined],
    ['Respond-Async, wait=10', true, 10],
    ['wait="5"; foo', false, 5],
    ['wait=3, wait=9', false, 3],
    ['wait=-1', false, undefined],
    ['wait=1e9', false, undefined],
    ['wait', false, undefined],
    ['handling=lenient, ,;=', false, undefined],
  ] as const) {
    it(`reads ${JSON.stringify(header) ?? 'nothing'}`, () => {
      assert.deepEqual(parsePrefer(header), { respondAsync, waitSeconds });
    });
  }
});
