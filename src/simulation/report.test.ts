import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { accuracy, MAX_SAMPLES, type Mark, samplesOf, withMark } from './report.ts';

describe('the report', () => {
  it('turns cumulative marks into mean cores between them', () => {
    assert.deepEqual(
      samplesOf([
        { atSeconds: 1, coreSeconds: 2 },
        { atSeconds: 3, coreSeconds: 3 },
        { atSeconds: 3.001, coreSeconds: 3 },
      ]),
      [
        { at_seconds: 1, cores: 2 },
        { at_seconds: 3, cores: 0.5 },
      ],
    );
  });

  it('keeps a bounded number of marks and loses no work by it', () => {
    let marks: readonly Mark[] = [];
    for (let second = 1; second <= 5000; second += 1)
      marks = withMark(marks, { atSeconds: second, coreSeconds: second * 0.25 });
    assert.ok(marks.length <= MAX_SAMPLES);
    const samples = samplesOf(marks);
    assert.ok(samples.every(({ cores }) => cores === 0.25));
    assert.equal(samples.at(-1)?.at_seconds, 5000);
  });

  it('calls 1 exact, and nothing due neither exact nor wrong', () => {
    assert.equal(accuracy(19.96, 20), 0.998);
    assert.equal(accuracy(0, 0), null);
  });
});
