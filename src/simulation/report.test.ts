import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { accuracy, ratesBetween } from './report.ts';

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

  it('calls 1 exact, and nothing due neither exact nor wrong', () => {
    assert.equal(accuracy(19.96, 20), 0.998);
    assert.equal(accuracy(0, 0), null);
  });
});
