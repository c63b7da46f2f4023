import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  type CpuReservation,
  grantableCores,
  grantExact,
  grantFlatOut,
  reserveCores,
  spreadOver,
  warmThreads,
} from './cpu.ts';

const caps = { maxSeconds: 3600, maxCores: 8, maxMemoryBytes: 1024 ** 3, maxSimulations: 16 };
const wish = (cores: number, threads = Math.ceil(cores), saturate = false) => ({ cores, threads, saturate });
const holding = (cores: number, remainingSeconds: number, threads = Math.ceil(cores)): CpuReservation => ({
  cores,
  threads,
  remainingSeconds,
});
const grant = (...input: Parameters<typeof grantFlatOut>) => {
  const outcome = grantFlatOut(...input);
  assert.ok(outcome.ok, JSON.stringify(outcome));
  return outcome.value;
};
const refusal = (...input: Parameters<typeof grantFlatOut>) => {
  const outcome = grantFlatOut(...input);
  assert.ok(!outcome.ok);
  return outcome.refusal;
};

describe('capacity, flat out', () => {
  it('grants the whole wish where there is room', () => {
    assert.deepEqual(grant(wish(2), { cpus: 2, quotaCores: null }, caps, []), { cores: 2, limitedBy: null });
  });

  it('grants a quota less its reserve, and says that the quota limits it', () => {
    assert.deepEqual(grant(wish(2), { cpus: 4, quotaCores: 0.5 }, caps, []), { cores: 0.4, limitedBy: 'quota' });
    assert.deepEqual(grant(wish(4), { cpus: 4, quotaCores: 2 }, caps, []), { cores: 1.8, limitedBy: 'quota' });
  });

  it('gives up the reserve to saturate', () => {
    assert.deepEqual(grant(wish(2, 2, true), { cpus: 4, quotaCores: 0.5 }, caps, []), {
      cores: 0.5,
      limitedBy: 'quota',
    });
  });

  it('grants what others leave, and says so', () => {
    assert.deepEqual(grant(wish(2), { cpus: 2, quotaCores: null }, caps, [holding(1.5, 9)]), {
      cores: 0.5,
      limitedBy: 'running',
    });
  });

  it('says that the CPUs limit a wish for more than there are', () => {
    assert.deepEqual(grant(wish(4), { cpus: 2, quotaCores: null }, caps, []), { cores: 2, limitedBy: 'cpus' });
  });

  it('refuses for good what the cap never allows', () => {
    const { code, errors } = refusal(wish(9), { cpus: 64, quotaCores: null }, caps, []);
    assert.equal(code, 'over-cap');
    assert.equal(errors?.[0]?.pointer, '/parallelism');
  });

  it('refuses for now what others hold, and says after how many seconds to come back', () => {
    const running = [holding(1, 30), holding(1, 12.2)];
    const { code, retryAfterSeconds } = refusal(wish(2), { cpus: 2, quotaCores: null }, caps, running);
    assert.equal(code, 'capacity-exhausted');
    assert.equal(retryAfterSeconds, 13);
  });

  it('refuses for now when the worker threads are all at work', () => {
    const running = [holding(0.8, 5, 16)];
    const { code, retryAfterSeconds } = refusal(wish(0.1, 1), { cpus: 64, quotaCores: null }, caps, running);
    assert.equal(code, 'capacity-exhausted');
    assert.equal(retryAfterSeconds, 5);
  });

  it('keeps a reserve of a tenth, at least 100m, never more than half of the quota', () => {
    assert.deepEqual([4, 1, 0.5, 0.2, 0.05].map(reserveCores), [0.4, 0.1, 0.1, 0.1, 0.025]);
  });

  it('never grants more than the wish, the CPUs, the quota, the cap, or what others leave', () => {
    const cores = fc.double({ min: 0.01, max: 16, noNaN: true });
    fc.assert(
      fc.property(
        fc.record({ cores, threads: fc.integer({ min: 1, max: 16 }), saturate: fc.boolean() }),
        fc.record({ cpus: fc.integer({ min: 1, max: 64 }), quotaCores: fc.option(cores) }),
        fc.array(
          fc.record({
            cores,
            threads: fc.integer({ min: 1, max: 4 }),
            remainingSeconds: fc.integer({ min: 0, max: 3600 }),
          }),
        ),
        cores,
        (wished, supply, running, maxCores) => {
          const outcome = grantFlatOut(wished, supply, { ...caps, maxCores }, running);
          if (!outcome.ok) {
            if (outcome.refusal.code === 'capacity-exhausted') assert.ok((outcome.refusal.retryAfterSeconds ?? 0) >= 1);
            return;
          }
          const used = running.reduce((sum, { cores: held }) => sum + held, 0);
          const granted = outcome.value.cores;
          assert.ok(granted > 0 && granted <= wished.cores);
          assert.ok(granted + used <= grantableCores(supply, { maxCores }, wished.saturate) + 0.001);
          assert.equal(outcome.value.limitedBy === null, granted === wished.cores);
        },
      ),
    );
  });
});

describe('capacity, exact', () => {
  const grantExactly = (
    cores: number,
    supply: { cpus: number; quotaCores: number | null },
    running: CpuReservation[] = [],
    saturate = false,
  ) => grantExact({ cores, threads: spreadOver(cores, supply.cpus), saturate }, supply, caps, running);

  it('grants the whole amount or refuses it, never less', () => {
    assert.deepEqual(grantExactly(0.4, { cpus: 2, quotaCores: 0.5 }), {
      ok: true,
      value: { cores: 0.4, limitedBy: null },
    });
    const supply = { cpus: 2, quotaCores: null };
    const outcome = grantExactly(1.5, supply, [holding(1, 7)]);
    assert.ok(!outcome.ok && outcome.refusal.code === 'capacity-exhausted' && outcome.refusal.retryAfterSeconds === 7);
    assert.ok(grantExactly(1, supply, [holding(1, 7)]).ok, 'what is exactly left is granted');
  });

  it('refuses for good what the quota less its reserve never allows, and says how much it would', () => {
    const outcome = grantExactly(0.48, { cpus: 2, quotaCores: 0.5 });
    assert.ok(!outcome.ok && outcome.refusal.code === 'over-capacity');
    assert.match(outcome.refusal.errors?.[0]?.message ?? '', /at most 400m: the container's limit is 500m/);
    assert.ok(grantExactly(0.48, { cpus: 2, quotaCores: 0.5 }, [], true).ok, 'saturating gives the reserve up');
    assert.ok(!grantExactly(2.5, { cpus: 2, quotaCores: null }).ok);
    assert.ok(!grantExactly(8.5, { cpus: 64, quotaCores: null }).ok);
  });

  it('grants up to a limit that is a fraction, and saturates it', () => {
    const supply = { cpus: 2, quotaCores: 1.5 };
    assert.ok(grantExactly(1.2, supply).ok);
    assert.ok(grantExactly(1.35, supply).ok);
    assert.ok(!grantExactly(1.36, supply).ok);
    assert.ok(grantExactly(1.5, supply, [], true).ok);
    assert.deepEqual(grant(wish(2, 2, true), supply, caps, []), { cores: 1.5, limitedBy: 'quota' });
  });

  it('grants nothing beside a limit that cannot be read, and names the file', () => {
    const supply = { cpus: 64, quotaCores: null, unreadable: '/sys/fs/cgroup/cpu.max' };
    for (const outcome of [
      grantExactly(0.1, supply),
      grantExactly(0.1, supply, [], true),
      grantFlatOut(wish(1), supply, caps, []),
    ]) {
      assert.ok(!outcome.ok && outcome.refusal.code === 'limit-unreadable');
      assert.match(outcome.refusal.detail, /\/sys\/fs\/cgroup\/cpu\.max cannot be read/);
    }
    assert.equal(grantableCores(supply, caps), 0);
  });

  it('keeps as many threads warm as can burn, not as many as there are CPUs', () => {
    assert.equal(warmThreads({ cpus: 64, quotaCores: 0.5 }, caps), 2);
    assert.equal(warmThreads({ cpus: 64, quotaCores: 2.5 }, caps), 3);
    assert.equal(warmThreads({ cpus: 64, quotaCores: null }, caps), 8);
    assert.equal(warmThreads({ cpus: 1, quotaCores: null }, caps), 1);
  });

  it('spreads over threads of half a core each, as far as there are CPUs', () => {
    assert.deepEqual(
      [0.05, 0.5, 0.501, 1, 1.5, 2].map((cores) => spreadOver(cores, 2)),
      [1, 1, 2, 2, 2, 2],
    );
    assert.equal(spreadOver(2, 64), 4);
  });

  it('never lets all exact grants together exceed what may be used', () => {
    const amount = fc.double({ min: 0.001, max: 4, noNaN: true });
    fc.assert(
      fc.property(
        fc.array(amount, { maxLength: 20 }),
        fc.integer({ min: 1, max: 16 }),
        fc.option(amount),
        (wishes, cpus, quotaCores) => {
          const running: CpuReservation[] = [];
          for (const cores of wishes) {
            const threads = spreadOver(cores, cpus);
            if (grantExact({ cores, threads, saturate: false }, { cpus, quotaCores }, caps, running).ok)
              running.push(holding(cores, 5, threads));
          }
          const used = running.reduce((sum, { cores }) => sum + cores, 0);
          assert.ok(used <= grantableCores({ cpus, quotaCores }, caps) + 0.001 * (running.length + 1));
        },
      ),
    );
  });
});
