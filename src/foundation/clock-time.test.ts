import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { clockOf } from './clock-time.ts';

describe('a length of time', () => {
  it('is written in minutes and seconds', () => {
    assert.deepEqual([0, 15, 75, 600].map(clockOf), ['0:00', '0:15', '1:15', '10:00']);
  });
});
