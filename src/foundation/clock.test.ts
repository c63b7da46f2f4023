import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createManualClock } from '#test/support/manual-clock.ts';
import { systemClock, wait } from './clock.ts';

describe('wait', () => {
  it('is true when the time is over, and not before', async () => {
    const clock = createManualClock();
    let result: boolean | undefined;
    void wait(clock, 1000).then((value) => {
      result = value;
    });
    await clock.advance(999);
    assert.equal(result, undefined);
    await clock.advance(1);
    assert.equal(result, true);
  });

  it('is false as soon as it is cut short, and leaves no timer behind', async () => {
    const clock = createManualClock();
    const cut = new AbortController();
    const waiting = wait(clock, 1000, cut.signal);
    cut.abort();
    assert.equal(await waiting, false);
    assert.equal(clock.armed(), 0);
    assert.equal(await wait(clock, 1000, cut.signal), false);
    assert.equal(clock.armed(), 0);
  });
});

describe('everyAligned', () => {
  it('calls at most once for each multiple of its period, and never before one', async () => {
    const periodMs = 20;
    const beganMs = systemClock.monotonicMs();
    const atMs = await new Promise<number[]>((resolve) => {
      const calls: number[] = [];
      const cancel = systemClock.everyAligned(periodMs, () => {
        if (calls.push(systemClock.monotonicMs()) < 10) return;
        cancel();
        resolve(calls);
      });
    });
    const multiples = [beganMs, ...atMs].map((at) => Math.floor(at / periodMs));
    assert.deepEqual(multiples, [...new Set(multiples)], 'it was called twice for one multiple');
  });
});
