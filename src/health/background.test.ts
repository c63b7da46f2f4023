import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createManualClock } from '#test/support/manual-clock.ts';
import { probeInBackground } from './background.ts';

/** A check that never succeeds, and how often it was run. */
function startFailing() {
  const clock = createManualClock();
  let runs = 0;
  const run = async () => {
    runs += 1;
    throw new Error('broken');
  };
  return { clock, probe: probeInBackground({ name: 'disk', run }, clock), runs: () => runs };
}

describe('a check in the background', () => {
  it('is asked once a period, however often the probe is', async () => {
    const clock = createManualClock();
    let runs = 0;
    const run = async () => {
      runs += 1;
    };
    const probe = probeInBackground({ name: 'disk', run }, clock);
    for (let asked = 0; asked < 1000; asked += 1) assert.deepEqual(probe.evaluate(), { ok: true });
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
    assert.deepEqual(probe.evaluate(), { ok: false, reason: 'disk' });
    isBroken = false;
    // Looked at again at once: a replica that is well must not stay without traffic for a whole period.
    await clock.advance(1000);
    assert.deepEqual(probe.evaluate(), { ok: true });
  });

  it('that goes on failing is looked at less and less often', async () => {
    const { clock, probe, runs } = startFailing();
    // One a period, and retries 1, 2, 4 and 8 s apart behind the first; 16 more would be behind the second.
    await clock.advance(5 * 30_000 + 29_000);
    assert.equal(runs(), 5 + 4);
    probe.stop();
  });

  it('that fails after it was stopped is not looked at again', async () => {
    const clock = createManualClock();
    let runs = 0;
    const failure = Promise.withResolvers<void>();
    const run = () => {
      runs += 1;
      return failure.promise;
    };
    const probe = probeInBackground({ name: 'disk', run }, clock);
    await clock.advance(30_000);
    probe.stop();
    failure.reject(new Error('broken'));
    await clock.advance(120_000);
    assert.equal(runs, 1);
  });

  it('that fails is not looked at any more once it is stopped', async () => {
    const { clock, probe, runs } = startFailing();
    await clock.advance(30_000);
    await clock.advance(1000);
    assert.equal(runs(), 2);
    probe.stop();
    await clock.advance(120_000);
    assert.equal(runs(), 2);
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
    assert.deepEqual(probe.evaluate(), { ok: true });
    await clock.advance(1000);
    assert.equal(signals[0]?.aborted, true);
    assert.deepEqual(probe.evaluate(), { ok: false, reason: 'disk' });
    await clock.advance(1000);
    assert.deepEqual(probe.evaluate(), { ok: true });
  });
});
