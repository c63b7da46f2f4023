import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CONSTANT, dueSeconds } from '../shape.ts';
import type { Shape } from '../shape-schema.ts';
import { burn } from './burn.ts';
import { SharedState, timingFromNow } from './job.ts';

/**
 * A thread in simulated time: work takes 0.1 ms, of which the thread gets `gets(atMs)`; sleeping passes time without
 * CPU. The account is brought up to date only by sleeping, as the kernel does it.
 */
function simulatedThread(gets: (atMs: number) => number = () => 1) {
  let nowMs = 0;
  let cpuMs = 0;
  let accountedMs = 0;
  const usedBySecond: number[] = [];
  class SimulatedState extends SharedState {
    override sleepUnlessStopped(milliseconds: number): void {
      nowMs += milliseconds;
      accountedMs = cpuMs;
    }
  }
  const state = new SimulatedState();
  const run = (share: number, seconds: number, stopAtMs = Number.POSITIVE_INFINITY, shape = CONSTANT) => {
    const { timing, samples } = timingFromNow(seconds, shape);
    burn({ type: 'burn', share, ...timing, startNs: 0n, deadlineNs: BigInt(seconds * 1e9) }, state, {
      nowNs: () => BigInt(Math.round(nowMs * 1e6)),
      nowMs: () => nowMs,
      threadCpuMicroseconds: () => accountedMs * 1000,
      work: () => {
        const got = gets(nowMs) * 0.1;
        cpuMs += got;
        const second = Math.floor(nowMs / 1000);
        usedBySecond[second] = (usedBySecond[second] ?? 0) + got;
        nowMs += 0.1;
        if (nowMs >= stopAtMs) state.stop();
      },
    });
    return { nowMs, cpuMs, usedBySecond, samples: samples.read() };
  };
  return { state, run };
}

describe('burning', () => {
  for (const share of [0.05, 0.25, 0.5, 0.9]) {
    it(`burns ${share} of a core to within 0.1 %, and in every second to within 1 %`, () => {
      const { cpuMs, usedBySecond } = simulatedThread().run(share, 10);
      assert.ok(Math.abs(cpuMs - share * 10_000) <= share * 10, `${cpuMs} ms`);
      assert.equal(usedBySecond.length, 10);
      for (const used of usedBySecond) assert.ok(Math.abs(used - share * 1000) <= share * 10, `${used} ms in a second`);
    });
  }

  for (const shape of [
    { type: 'ramp', from: 0, to: 1 },
    { type: 'sine', mean: 0.5, amplitude: 0.5, period_seconds: 5 },
    { type: 'steps', parts: [0.25, 1, 0.5, 0] },
    { type: 'spike', base: 0.1, peak: 1, at_seconds: 3, for_seconds: 2 },
  ] satisfies Shape[]) {
    it(`follows a ${shape.type}: every second is what lies under the curve in it`, () => {
      const { usedBySecond } = simulatedThread().run(0.8, 10, undefined, shape);
      for (let second = 0; second < 10; second += 1) {
        const due = 800 * (dueSeconds(shape, second + 1, 10) - dueSeconds(shape, second, 10));
        // One period of the duty cycle may fall on the other side of the second.
        assert.ok(
          Math.abs((usedBySecond[second] ?? 0) - due) <= 16,
          `second ${second}: ${usedBySecond[second]} of ${due} ms`,
        );
      }
    });
  }

  it('notes at each second what it has used until then', () => {
    const { samples } = simulatedThread().run(0.25, 10);
    assert.equal(samples.length, 10);
    for (const [index, total] of samples.entries()) assert.ok(Math.abs(total - (index + 1) * 250) <= 5, `${samples}`);
  });

  it('notes the same total for the seconds in which it had no core', () => {
    const { samples } = simulatedThread((atMs) => (atMs < 2000 ? 1 : 0)).run(0.5, 5);
    assert.deepEqual(samples.slice(2), [samples[2], samples[2], samples[2]]);
    assert.ok((samples[2] ?? 0) > 990 && (samples[0] ?? 0) < 510, `${samples}`);
  });

  it('burns a whole core until the deadline and ends there', () => {
    const { nowMs, cpuMs } = simulatedThread().run(1, 2);
    assert.ok(nowMs >= 2000 && nowMs < 2001);
    assert.ok(cpuMs > 1999);
  });

  it('catches up after others had its core, so that the total is right', () => {
    const halfForASecond = (atMs: number) => (atMs >= 3000 && atMs < 4000 ? 0.2 : 1);
    const { cpuMs } = simulatedThread(halfForASecond).run(0.5, 10);
    assert.ok(Math.abs(cpuMs - 5000) <= 5, `${cpuMs} ms`);
  });

  it('forgives what is more than a second of CPU time behind, instead of burning flat out for long', () => {
    const starvedForSixSeconds = (atMs: number) => (atMs < 6000 ? 0 : 1);
    const { cpuMs, usedBySecond } = simulatedThread(starvedForSixSeconds).run(0.5, 20);
    assert.ok(Math.abs(cpuMs - (0.5 * 14_000 + 1000)) <= 30, `${cpuMs} ms`);
    assert.ok((usedBySecond[12] ?? 0) < 510, 'it is back at its share after the catch-up');
  });

  it('stops at once when it is told to', () => {
    const { nowMs } = simulatedThread().run(1, 60, 500);
    assert.ok(nowMs < 501, `${nowMs} ms`);
  });
});
