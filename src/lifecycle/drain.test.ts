import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createManualClock } from '#test/support/manual-clock.ts';
import { type DrainResult, drain, drainConflict } from './drain.ts';

const settings = { drainDelaySeconds: 5, drainTimeoutSeconds: 20, terminationGraceSeconds: null };

function rig() {
  const clock = createManualClock();
  const hurry = new AbortController();
  const { promise: closed, resolve: finish } = Promise.withResolvers<void>();
  const seen = { closingAtMs: -1, result: undefined as DrainResult | undefined, endedAtMs: -1 };
  void drain({
    clock,
    settings,
    hurry: hurry.signal,
    close: () => {
      seen.closingAtMs = clock.monotonicMs();
      return closed;
    },
    cut: () => {
      finish();
      return ['GET /slow'];
    },
  }).then((result) => {
    seen.result = result;
    seen.endedAtMs = clock.monotonicMs();
  });
  return { clock, hurry, finish, seen };
}

describe('the drain', () => {
  it('goes on serving for the delay, then closes, and ends when the last request is answered', async () => {
    const { clock, finish, seen } = rig();
    await clock.advance(4999);
    assert.equal(seen.closingAtMs, -1);
    await clock.advance(1);
    assert.equal(seen.closingAtMs, 5000);
    await clock.advance(3000);
    assert.equal(seen.result, undefined);
    finish();
    await clock.advance(0);
    assert.deepEqual(seen.result, { cut: [] });
    assert.equal(seen.endedAtMs, 8000);
    assert.equal(clock.armed(), 0);
  });

  it('cuts what is open at the deadline and says what it was', async () => {
    const { clock, seen } = rig();
    await clock.advance(24_999);
    assert.equal(seen.result, undefined);
    await clock.advance(1);
    assert.deepEqual(seen.result, { cut: ['GET /slow'] });
    assert.equal(clock.armed(), 0);
  });

  it('in a hurry skips the delay and leaves one second', async () => {
    const { clock, hurry, seen } = rig();
    await clock.advance(100);
    hurry.abort();
    await clock.advance(0);
    assert.equal(seen.closingAtMs, 100);
    await clock.advance(999);
    assert.equal(seen.result, undefined);
    await clock.advance(1);
    assert.deepEqual(seen.result, { cut: ['GET /slow'] });
  });

  it('in a hurry while it waits for open requests leaves one second from then', async () => {
    const { clock, hurry, seen } = rig();
    await clock.advance(6000);
    hurry.abort();
    await clock.advance(999);
    assert.equal(seen.result, undefined);
    await clock.advance(1);
    assert.deepEqual(seen.result, { cut: ['GET /slow'] });
  });

  it('must fit into the grace period', () => {
    assert.equal(drainConflict({ ...settings, terminationGraceSeconds: 29 }), undefined);
    assert.match(drainConflict({ ...settings, terminationGraceSeconds: 28 }) ?? '', /is 29, more than .* \(28\)/);
  });
});
