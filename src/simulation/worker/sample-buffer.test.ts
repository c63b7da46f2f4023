import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { samplePeriodSeconds } from './sample-buffer.ts';

describe('the samples of a job', () => {
  it('has one sample a second, and at most 600 whatever the length', () => {
    assert.deepEqual([0.1, 10, 600, 601, 86_400].map(samplePeriodSeconds), [1, 1, 1, 2, 144]);
    for (const seconds of [599.5, 601, 3600, 86_400]) assert.ok(seconds / samplePeriodSeconds(seconds) <= 600);
  });
});
