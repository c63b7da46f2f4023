import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { dueSeconds, partAt } from './shape.ts';
import { type Shape, shapeErrors } from './shape-schema.ts';

const part = fc.double({ min: 0, max: 1, noNaN: true });
const duration = fc.double({ min: 1, max: 1000, noNaN: true });

const anyShape: fc.Arbitrary<Shape> = fc.oneof(
  fc.constant<Shape>({ type: 'constant' }),
  fc.record({ type: fc.constant('ramp' as const), from: part, to: part }),
  fc.record({ type: fc.constant('steps' as const), parts: fc.array(part, { minLength: 1, maxLength: 20 }) }),
  fc.record({ mean: part, swing: part, period_seconds: fc.double({ min: 1, max: 200, noNaN: true }) }).map(
    ({ mean, swing, period_seconds }): Shape => ({
      type: 'sine',
      mean,
      amplitude: swing * Math.min(mean, 1 - mean),
      period_seconds,
    }),
  ),
  fc.record({
    type: fc.constant('spike' as const),
    base: part,
    peak: part,
    at_seconds: fc.double({ min: 0, max: 900, noNaN: true }),
    for_seconds: fc.double({ min: 0.1, max: 90, noNaN: true }),
  }),
);

describe('a shape', () => {
  it('has the values that its picture shows', () => {
    assert.equal(partAt({ type: 'constant' }, 5, 10), 1);
    assert.equal(partAt({ type: 'ramp', from: 0.25, to: 1 }, 5, 10), 0.625);
    assert.deepEqual(
      [0, 2.4, 2.5, 9.9, 10].map((at) => partAt({ type: 'steps', parts: [0, 0.5, 0.25, 1] }, at, 10)),
      [0, 0, 0.5, 1, 1],
    );
    const sine: Shape = { type: 'sine', mean: 0.5, amplitude: 0.5, period_seconds: 4 };
    assert.deepEqual(
      [0, 1, 3].map((at) => partAt(sine, at, 10)),
      [0.5, 1, 0],
    );
    const spike: Shape = { type: 'spike', base: 0.1, peak: 1, at_seconds: 4, for_seconds: 2 };
    assert.deepEqual(
      [3.9, 4, 5.9, 6].map((at) => partAt(spike, at, 10)),
      [0.1, 1, 1, 0.1],
    );
  });

  it('is due what lies under its curve', () => {
    fc.assert(
      fc.property(anyShape, duration, part, (shape, seconds, where) => {
        const until = seconds * where;
        const pieces = 4000;
        let sum = 0;
        for (let index = 0; index < pieces; index += 1)
          sum += partAt(shape, ((index + 0.5) / pieces) * until, seconds) * (until / pieces);
        // A jump falls into one piece, so the sum is off by at most a few pieces; steps have at most 20 jumps.
        const tolerance = (20 * until) / pieces + 1e-6;
        assert.ok(
          Math.abs(dueSeconds(shape, until, seconds) - sum) <= tolerance,
          `${dueSeconds(shape, until, seconds)} ${sum}`,
        );
      }),
      { numRuns: 200 },
    );
  });

  it('stays within 0 and the whole amount, is never due less later, and nothing after the end', () => {
    fc.assert(
      fc.property(anyShape, duration, part, part, (shape, seconds, one, other) => {
        const [early = 0, late = 0] = [one * seconds, other * seconds].toSorted((a, b) => a - b);
        const value = partAt(shape, late, seconds);
        assert.ok(value >= -1e-9 && value <= 1 + 1e-9);
        assert.ok(dueSeconds(shape, late, seconds) >= dueSeconds(shape, early, seconds) - 1e-9);
        assert.equal(dueSeconds(shape, seconds + 5, seconds), dueSeconds(shape, seconds, seconds));
      }),
    );
  });

  it('is refused where it would leave 0 to 1, or last longer than the simulation', () => {
    assert.equal(
      shapeErrors({ type: 'sine', mean: 0.3, amplitude: 0.4, period_seconds: 5 }, 10)[0]?.pointer,
      '/shape/amplitude',
    );
    assert.equal(
      shapeErrors({ type: 'sine', mean: 0.7, amplitude: 0.4, period_seconds: 5 }, 10)[0]?.pointer,
      '/shape/amplitude',
    );
    assert.deepEqual(shapeErrors({ type: 'sine', mean: 0.7, amplitude: 0.3, period_seconds: 5 }, 10), []);
    const spike: Shape = { type: 'spike', base: 0, peak: 1, at_seconds: 8, for_seconds: 3 };
    assert.equal(shapeErrors(spike, 10)[0]?.pointer, '/shape/for_seconds');
    assert.deepEqual(shapeErrors(spike, 11), []);
  });
});
