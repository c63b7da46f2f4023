import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CONSTANT } from '../shape.ts';
import type { Shape } from '../shape-schema.ts';
import type { Holder } from './held-memory.ts';
import { hold } from './hold.ts';
import { SharedState, timingFromNow } from './job.ts';

const MEBIBYTE = 1024 ** 2;
const RATE = 100 * MEBIBYTE;

type Options = {
  readonly shape?: Shape;
  readonly residentRatio?: number;
  readonly stopAtMs?: number;
  readonly ceiling?: (atMs: number) => number;
};

/** A thread in simulated time, whose memory costs no time. */
function run(bytes: number, seconds: number, { shape = CONSTANT, residentRatio = 1, stopAtMs, ceiling }: Options = {}) {
  let nowMs = 0;
  const levels: { atMs: number; bytes: number }[] = [];
  class SimulatedState extends SharedState {
    override sleepUnlessStopped(milliseconds: number): void {
      nowMs += Math.max(milliseconds, 0.01);
      this.ceiling = ceiling?.(nowMs) ?? bytes;
      if (stopAtMs !== undefined && nowMs >= stopAtMs) this.stop();
    }
  }
  const state = new SimulatedState();
  state.ceiling = ceiling?.(0) ?? bytes;
  const memory: Holder & { bytes: number } = {
    bytes: 0,
    resize: (wanted) => {
      memory.bytes = Math.round(wanted);
      levels.push({ atMs: nowMs, bytes: memory.bytes });
    },
    resident: () => memory.bytes * residentRatio,
  };
  const { timing, samples } = timingFromNow(seconds, shape);
  hold(
    {
      type: 'hold',
      bytes,
      growthBytesPerSecond: RATE,
      ...timing,
      startNs: 0n,
      deadlineNs: BigInt(seconds * 1e9),
    },
    state,
    memory,
    { nowNs: () => BigInt(Math.round(nowMs * 1e6)), nowMs: () => nowMs },
  );
  const at = (atMs: number) => levels.findLast((level) => level.atMs <= atMs)?.bytes ?? 0;
  return { state, samples: samples.read(), levels, at, endMs: nowMs, left: memory.bytes };
}

describe('holding memory', () => {
  it('grows at the rate, holds the amount, gives everything back at the deadline', () => {
    const { at, samples, left, endMs, state } = run(200 * MEBIBYTE, 10);
    assert.ok(Math.abs(at(1000) - RATE) <= RATE * 0.03, `${at(1000)}`);
    assert.equal(at(2100), 200 * MEBIBYTE);
    assert.deepEqual(samples.slice(3), Array(7).fill(200 * MEBIBYTE));
    assert.equal(left, 0);
    assert.equal(state.level, 0);
    assert.equal(state.peak, 200 * MEBIBYTE);
    assert.ok(endMs >= 10_000 && endMs < 10_050);
  });

  it('delivers what is due to within 1 %, growth included', () => {
    const { state } = run(200 * MEBIBYTE, 10);
    // Two seconds of growth count half.
    assert.ok(Math.abs(state.due / (200 * MEBIBYTE * 9000) - 1) < 0.001, `${state.due}`);
    assert.ok(Math.abs(state.delivered / state.due - 1) < 0.01, `${state.delivered / state.due}`);
  });

  it('hardly wakes while it holds', () => {
    const { levels } = run(MEBIBYTE, 60);
    assert.ok(levels.length < 70, `${levels.length} steps`);
  });

  for (const shape of [
    { type: 'ramp', from: 0, to: 1 },
    { type: 'sine', mean: 0.5, amplitude: 0.4, period_seconds: 10 },
    { type: 'steps', parts: [0.25, 1, 0.5, 0] },
    { type: 'spike', base: 0.1, peak: 1, at_seconds: 8, for_seconds: 4 },
  ] satisfies Shape[]) {
    it(`follows a ${shape.type} as fast as it may grow`, () => {
      const { state, samples, left } = run(50 * MEBIBYTE, 20, { shape });
      assert.ok(Math.abs(state.delivered / state.due - 1) < 0.01, `${state.delivered / state.due}`);
      assert.equal(samples.length, 20);
      assert.equal(left, 0);
    });
  }

  it('never passes the ceiling, and goes on when it rises', () => {
    const { at, state } = run(100 * MEBIBYTE, 10, {
      ceiling: (atMs) => (atMs < 4000 ? 30 * MEBIBYTE : 100 * MEBIBYTE),
    });
    assert.equal(at(3990), 30 * MEBIBYTE);
    assert.equal(at(5000), 100 * MEBIBYTE);
    assert.ok(state.delivered / state.due < 0.85, 'what the ceiling took away is missing in the report');
  });

  it('reports what is resident, not what it holds', () => {
    const { samples, state } = run(50 * MEBIBYTE, 10, { residentRatio: 0.5 });
    assert.equal(samples.at(-2), 25 * MEBIBYTE);
    assert.ok(state.delivered / state.due < 0.6);
  });

  it('ends at once when it is stopped, and gives everything back', () => {
    const { endMs, left, at } = run(50 * MEBIBYTE, 60, { stopAtMs: 3000 });
    assert.ok(at(2900) > 0 && endMs >= 3000 && endMs < 3001, `${endMs} ms`);
    assert.equal(left, 0);
  });
});
