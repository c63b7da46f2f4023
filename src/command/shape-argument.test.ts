import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseShapeArgument } from './shape-argument.ts';

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
});
