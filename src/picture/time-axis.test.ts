import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { timeAxis } from './time-axis.ts';

describe('the axis of time', () => {
  it('names its unit: minutes and seconds, and hours and minutes from two hours on', () => {
    const { title, interval, shown } = timeAxis(1200);
    assert.deepEqual([title, interval, shown?.(120)], ['time (minutes:seconds)', 120, '2:00']);
    const day = timeAxis(86_400);
    assert.deepEqual([day.title, day.interval, day.shown?.(14_400)], ['time (hours:minutes)', 14_400, '4:00']);
  });

  it('has from two to eleven labels, whatever the time', () => {
    fc.assert(
      fc.property(fc.integer({ min: 60, max: 86_400 }), (seconds) => {
        const labels = Math.floor(seconds / (timeAxis(seconds).interval ?? 0)) + 1;
        assert.ok(labels >= 2 && labels <= 11, `${labels} labels`);
      }),
    );
  });
});
