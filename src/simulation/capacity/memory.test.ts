import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { grantableBytes, grantMemory, type MemoryReservation, reserveBytes } from './memory.ts';

const Mi = 1024 ** 2;
const caps = { maxMemoryBytes: 4096 * Mi };
/** A container of 512 MiB that uses 112 itself. */
const supply = { limitBytes: 512 * Mi, totalBytes: 512 * Mi, headroomBytes: 400 * Mi };
const reserve = reserveBytes(supply);
const wish = (mebibytes: number, allowOom = false) => ({ bytes: mebibytes * Mi, allowOom });
const holding = (mebibytes: number, remainingSeconds: number, residentMebibytes = mebibytes): MemoryReservation => ({
  memoryBytes: mebibytes * Mi,
  residentBytes: residentMebibytes * Mi,
  remainingSeconds,
});

describe('capacity for memory', () => {
  it('grants the whole wish where there is headroom', () => {
    assert.deepEqual(grantMemory(wish(300), supply, caps, []), { ok: true, value: 300 * Mi });
  });

  it('keeps a reserve of 5 %, at least 16 MiB', () => {
    assert.deepEqual(
      [128, 512, 4096].map((total) => reserveBytes({ totalBytes: total * Mi }) / Mi),
      [16, 25.6, 204.8],
    );
  });

  it('refuses for good what would use up the headroom, and says how much there is', () => {
    const outcome = grantMemory(wish(390), supply, caps, []);
    assert.ok(!outcome.ok && outcome.refusal.code === 'over-capacity');
    assert.match(outcome.refusal.errors?.[0]?.message ?? '', /^must be at most 374Mi: the container’s limit is 512Mi/);
  });

  it('grants it nevertheless to whoever allows an OOM kill', () => {
    assert.ok(grantMemory(wish(1000, true), supply, caps, []).ok);
  });

  it('refuses what the cap never allows, an OOM kill allowed or not', () => {
    for (const allowOom of [false, true]) {
      const outcome = grantMemory(wish(5000, allowOom), supply, caps, []);
      assert.ok(!outcome.ok && outcome.refusal.code === 'over-cap');
    }
  });

  it('grants nothing beside a limit that cannot be read, but to whoever allows an OOM kill', () => {
    const unknown = {
      limitBytes: null,
      totalBytes: 8192 * Mi,
      headroomBytes: 0,
      unreadable: '/sys/fs/cgroup/memory.max',
    };
    const outcome = grantMemory(wish(1), unknown, caps, []);
    assert.ok(!outcome.ok && outcome.refusal.code === 'limit-unreadable');
    assert.match(outcome.refusal.detail, /memory\.max cannot be read/);
    assert.ok(grantMemory(wish(1, true), unknown, caps, []).ok);
  });

  it('counts what was promised to others and is not resident yet', () => {
    // 300 MiB promised, 100 of them resident already: the headroom has fallen by those alone.
    const growing = { ...supply, headroomBytes: 300 * Mi };
    const outcome = grantMemory(wish(100), growing, caps, [holding(300, 20.5, 100)]);
    assert.ok(!outcome.ok && outcome.refusal.code === 'capacity-exhausted');
    assert.equal(outcome.refusal.retryAfterSeconds, 21);
  });

  it('never promises more than the headroom less the reserve, nor more than the cap', () => {
    const mebibytes = fc.integer({ min: 1, max: 8192 });
    fc.assert(
      fc.property(
        mebibytes,
        mebibytes,
        mebibytes,
        fc.array(fc.tuple(mebibytes, fc.double({ min: 0, max: 1, noNaN: true }), fc.integer({ min: 0, max: 100 }))),
        (wished, headroom, cap, others) => {
          const running = others.map(([bytes, part, seconds]) => holding(bytes, seconds, bytes * part));
          const now = { limitBytes: null, totalBytes: 8192 * Mi, headroomBytes: headroom * Mi };
          const limits = { maxMemoryBytes: cap * Mi };
          const outcome = grantMemory(wish(wished), now, limits, running);
          if (!outcome.ok) return;
          assert.equal(outcome.value, wished * Mi);
          const promised = running.reduce((sum, { memoryBytes }) => sum + memoryBytes, outcome.value);
          const resident = running.reduce((sum, { residentBytes }) => sum + residentBytes, 0);
          assert.ok(promised <= limits.maxMemoryBytes);
          assert.ok(promised - resident <= now.headroomBytes - reserveBytes(now) + 1);
        },
      ),
    );
    assert.equal(grantableBytes(supply, caps, []), 400 * Mi - reserve);
  });
});
