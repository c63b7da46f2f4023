import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createSignalReader } from './signals.ts';

describe('signals to stop', () => {
  it('mean drain, then hurry, then abort', () => {
    const meaningOf = createSignalReader();
    assert.deepEqual([10, 1500, 3000].map(meaningOf), ['drain', 'hurry', 'abort']);
  });

  it('are ignored as an echo within a second of the first and a fifth of one of the second', () => {
    const meaningOf = createSignalReader();
    assert.deepEqual([10, 11, 1009, 1010, 1011, 1209, 1210].map(meaningOf), [
      'drain',
      'ignore',
      'ignore',
      'hurry',
      'ignore',
      'ignore',
      'abort',
    ]);
  });
});
