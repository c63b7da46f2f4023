import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createManualClock } from '#test/support/manual-clock.ts';
import { wait } from './clock.ts';

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
