import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseCpuAmount, parseDuration, parseMemoryAmount, shownBytes } from './quantity.ts';

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

describe('an amount of memory', () => {
  for (const [text, bytes] of [
    ['256Mi', 268_435_456],
    ['1.5Gi', 1_610_612_736],
    ['500M', 500_000_000],
    ['1k', 1000],
    ['1048576', 1_048_576],
    [4096, 4096],
  ] as const) {
    it(`reads ${JSON.stringify(text)} as ${bytes} bytes`, () => {
      assert.deepEqual(parseMemoryAmount(text), { type: 'bytes', bytes });
    });
  }

  it('reads a percentage as a share', () => assert.deepEqual(parseMemoryAmount('60%'), { type: 'share', ratio: 0.6 }));

  for (const text of ['250m', '1e9', '-1Mi', '0Mi', '0', '256 Mi', '256mi', '256MB', '200%', '0%', '', 'Mi', '1.Mi']) {
    it(`does not read ${JSON.stringify(text)}`, () => assert.equal(parseMemoryAmount(text), undefined));
  }

  it('is shown as Kubernetes would write it', () => {
    assert.deepEqual([512, 1024 ** 2, 1.5 * 1024 ** 3, 851_862_323].map(shownBytes), [
      '512',
      '1Mi',
      '1.5Gi',
      '812.4Mi',
    ]);
  });
});

describe('a duration', () => {
  for (const [text, seconds] of [
    ['60s', 60],
    ['500ms', 0.5],
    ['1m30s', 90],
    ['2h', 7200],
    ['10', 10],
    ['0.5', 0.5],
  ] as const) {
    it(`reads ${text} as ${seconds} s`, () => assert.equal(parseDuration(text), seconds));
  }

  for (const text of ['', 's', '-5s', '5 s', '1d', '1e3', '5s!', 'abc']) {
    it(`does not read ${JSON.stringify(text)}`, () => assert.equal(parseDuration(text), undefined));
  }
});
