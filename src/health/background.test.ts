import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createManualClock } from '#test/support/manual-clock.ts';
import { probeInBackground } from './background.ts';

describe('a check in the background', () => {
  it('is asked once a period, however often the probe is', async () => {
    const clock = createManualClock();
    let runs = 0;
    const run = async () => {
      runs += 1;
    };
    const probe = probeInBackground({ name: 'disk', run }, clock);
    for (let asked = 0; asked < 1000; asked += 1) assert.deepEqual(probe.examine(), { ok: true });
    assert.equal(runs, 0);
    await clock.advance(30_000);
    await clock.advance(30_000);
    assert.equal(runs, 2);
    probe.stop();
    await clock.advance(120_000);
    assert.equal(runs, 2);
  });

  it('that fails is what the probe says, until it succeeds', async () => {
    const clock = createManualClock();
    let isBroken = true;
    const run = async () => {
      if (isBroken) throw new Error('broken');
    };
    const probe = probeInBackground({ name: 'disk', run }, clock);
    await clock.advance(30_000);
    assert.deepEqual(probe.examine(), { ok: false, reason: 'disk' });
    isBroken = false;
    // Looked at again at once: a replica that is well must not stay without traffic for a whole period.
    await clock.advance(1000);
    assert.deepEqual(probe.examine(), { ok: true });
  });

  it('that fails is not looked at any more once it is stopped', async () => {
    const clock = createManualClock();
    let runs = 0;
    const run = async () => {
      runs += 1;
      throw new Error('broken');
    };
    const probe = probeInBackground({ name: 'disk', run }, clock);
    await clock.advance(30_000);
    await clock.advance(1000);
    assert.equal(runs, 2);
    probe.stop();
    await clock.advance(120_000);
    assert.equal(runs, 2);
  });

  it('that hangs fails after its timeout, is told so, and is tried again', async () => {
    const clock = createManualClock();
    const signals: AbortSignal[] = [];
    const run = (signal: AbortSignal) => {
      signals.push(signal);
      return signals.length === 1 ? new Promise<void>(() => {}) : Promise.resolve();
    };
    const probe = probeInBackground({ name: 'disk', run }, clock);
    await clock.advance(30_000);
    assert.deepEqual(probe.examine(), { ok: true });
    await clock.advance(1000);
    assert.equal(signals[0]?.aborted, true);
    assert.deepEqual(probe.examine(), { ok: false, reason: 'disk' });
    await clock.advance(1000);
    assert.deepEqual(probe.examine(), { ok: true });
  });
});
