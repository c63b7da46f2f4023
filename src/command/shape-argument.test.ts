import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { largestAmount, parseShapeArgument, shapeOf } from './shape-argument.ts';

describe('a shape on the command line', () => {
  for (const [text, shape] of [
    ['constant', { type: 'constant' }],
    ['ramp:from=0.1,to=1', { type: 'ramp', from: 0.1, to: 1 }],
    ['steps:0.25,1,0.5', { type: 'steps', parts: [0.25, 1, 0.5] }],
    ['sine:mean=0.5,amplitude=0.4,period=1m30s', { type: 'sine', mean: 0.5, amplitude: 0.4, period_seconds: 90 }],
    ['spike:base=0.1,peak=1,at=10s,for=5', { type: 'spike', base: 0.1, peak: 1, at_seconds: 10, for_seconds: 5 }],
    ['{"type":"ramp","from":0,"to":1}', { type: 'ramp', from: 0, to: 1 }],
  ] as const) {
    it(`reads ${text}`, () => assert.deepEqual(parseShapeArgument(text), shape));
  }

  for (const text of ['ramp:from', 'ramp:from=', 'ramp:from=x', 'steps:1,a', 'sine:period=never', '{"type":']) {
    it(`does not read ${text}`, () => assert.equal(parseShapeArgument(text), undefined));
  }

  for (const [text, whole, shape] of [
    ['ramp:from=100m,to=900m', 1, { type: 'ramp', from: 0.1, to: 0.9 }],
    ['ramp:from=0m,to=500m', 0.5, { type: 'ramp', from: 0, to: 1 }],
    ['ramp:from=10%,to=1', undefined, { type: 'ramp', from: 0.1, to: 1 }],
    ['steps:250m,0.5,1000m', 1, { type: 'steps', parts: [0.25, 0.5, 1] }],
    [
      'spike:base=64Mi,peak=256Mi,at=1s,for=2s',
      256 * 1024 ** 2,
      { type: 'spike', base: 0.25, peak: 1, at_seconds: 1, for_seconds: 2 },
    ],
  ] as const) {
    it(`takes ${text} of ${whole} as shares`, () => {
      const argument = parseShapeArgument(text);
      assert.ok(argument !== undefined);
      assert.deepEqual(shapeOf(argument, whole), { ok: true, value: shape });
    });
  }

  it('refuses amounts beyond the whole, and amounts of a share of a limit', () => {
    const argument = parseShapeArgument('ramp:from=100m,to=900m') ?? {};
    assert.equal(largestAmount(argument), 0.9);
    const tooMuch = shapeOf(argument, 0.5);
    assert.ok(!tooMuch.ok && tooMuch.refusal === '900m is more than the whole amount.');
    const ofLimit = shapeOf(argument, undefined);
    assert.ok(!ofLimit.ok && /not a percentage of a limit/.test(ofLimit.refusal));
    assert.ok(!shapeOf(parseShapeArgument('ramp:from=2,to=1') ?? {}, 1).ok);
  });
});
