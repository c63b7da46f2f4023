import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createManualClock } from '#test/support/manual-clock.ts';
import { startSampler, type UsageReaders } from './sampler.ts';

/** A process that has used 0.25 s of CPU time in each second, and counts how often it is read. */
function rig() {
  const clock = createManualClock();
  const readings = { process: 0, container: 0 };
  const sampler = startSampler(clock, {
    process: {
      name: 'process',
      read: () => {
        readings.process += 1;
        return { cpuSeconds: clock.monotonicMs() / 4000 };
      },
    },
    eventLoop: { name: 'event-loop', read: () => ({}) },
    system: { name: 'system', read: () => ({}) },
    container: {
      name: 'cgroup',
      read: () => {
        readings.container += 1;
        return {};
      },
    },
  } as unknown as UsageReaders);
  return { clock, sampler, readings };
}

describe('the sampler', () => {
  it('gives whoever asks every second the CPU use of that second', async () => {
    const { clock, sampler } = rig();
    for (let second = 1; second <= 3; second += 1) {
      await clock.advance(1000);
      const { process, takenEpochMs } = sampler.latest();
      assert.equal(process.cpuPercent, 25);
      assert.equal(takenEpochMs, clock.epochMs());
    }
  });

  it('reads nothing anew for many who ask at the same time', async () => {
    const { clock, sampler, readings } = rig();
    await clock.advance(1000);
    for (let index = 0; index < 100; index += 1) sampler.latest();
    assert.deepEqual(readings, { process: 2, container: 1 });
  });

  it('reads the process once a minute and the container not at all while nobody asks', async () => {
    const { clock, readings } = rig();
    await clock.advance(120_000);
    assert.deepEqual(readings, { process: 3, container: 0 });
  });
});
