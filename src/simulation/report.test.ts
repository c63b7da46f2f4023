import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { accuracy, ratesBetween, samplePeriodSeconds } from './report.ts';

describe('the report', () => {
  it('turns a running total into what came in each second', () => {
    assert.deepEqual(
      ratesBetween([
        { atSeconds: 1, total: 2 },
        { atSeconds: 3, total: 3 },
        { atSeconds: 3.001, total: 3 },
      ]),
      [
        { atSeconds: 1, rate: 2 },
        { atSeconds: 3, rate: 0.5 },
      ],
    );
  });

  it('has one sample a second, and at most 600 whatever the length', () => {
    assert.deepEqual([0.1, 10, 600, 601, 86_400].map(samplePeriodSeconds), [1, 1, 1, 2, 144]);
    for (const seconds of [599.5, 601, 3600, 86_400]) assert.ok(seconds / samplePeriodSeconds(seconds) <= 600);
  });

  it('calls 1 exact, and nothing due neither exact nor wrong', () => {
    assert.equal(accuracy(19.96, 20), 0.998);
    assert.equal(accuracy(0, 0), null);
  });
});
