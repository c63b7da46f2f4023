import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseCpuAmount } from './quantity.ts';

describe('a CPU amount', () => {
  for (const [text, cores] of [
    ['250m', 0.25],
    ['1m', 0.001],
    ['1500m', 1.5],
    ['1.5', 1.5],
    ['2', 2],
    ['0.125', 0.125],
    [0.5, 0.5],
  ] as const) {
    it(`reads ${JSON.stringify(text)} as ${cores} cores`, () => {
      assert.deepEqual(parseCpuAmount(text), { type: 'cores', cores });
    });
  }

  it('reads a percentage as a share', () => {
    assert.deepEqual(parseCpuAmount('70%'), { type: 'share', ratio: 0.7 });
    assert.deepEqual(parseCpuAmount('100%'), { type: 'share', ratio: 1 });
  });

  for (const text of [
    '0m',
    '0',
    '-1',
    '1e3',
    '70 %',
    '200%',
    '0%',
    '0.0001',
    '1Gi',
    '',
    'm',
    '1.',
    '.5',
    '0x10',
    '250M',
    '1,5',
    'NaN',
    '١',
  ]) {
    it(`does not read ${JSON.stringify(text)}`, () => assert.equal(parseCpuAmount(text), undefined));
  }

  it('does not read numbers that are no amount', () => {
    for (const number of [0, -1, 0.0009, Number.NaN, Number.POSITIVE_INFINITY])
      assert.equal(parseCpuAmount(number), undefined);
  });

  it('reads every whole number of thousandths back', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 999_999 }), (millis) => {
        assert.deepEqual(parseCpuAmount(`${millis}m`), { type: 'cores', cores: millis / 1000 });
      }),
    );
  });
});
