import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { inspect } from 'node:util';
import { createManualClock } from '#test/support/manual-clock.ts';
import type { Context } from '../kind.ts';
import type { WorkerLease } from '../worker/member.ts';
import { memory } from './memory.ts';

const Mi = 1024 ** 2;
const caps = { maxSeconds: 60, maxCores: 8, maxMemoryBytes: 4096 * Mi, maxSimulations: 16 };

function supplyOf(limitMebibytes: number | null, headroom: () => number = () => 1000 * Mi) {
  const limitBytes = limitMebibytes === null ? null : limitMebibytes * Mi;
  return {
    cpu: () => ({ cpus: 2, quotaCores: null }),
    memory: () => ({ limitBytes, totalBytes: limitBytes ?? 8192 * Mi, headroomBytes: headroom() }),
  };
}

const plan = (request: unknown, limitMebibytes: number | null = null) =>
  memory.plan(request, { caps, supply: supplyOf(limitMebibytes), running: [] });

/** A pool of one thread that holds as much as its ceiling lets it, at once. */
function startedWith(request: object, headroom: () => number) {
  const clock = createManualClock();
  let stopped = false;
  const { promise, resolve } = Promise.withResolvers<{ readonly type: 'done' }>();
  let ceiling = 0;
  const lease: WorkerLease = {
    run: () => promise,
    stop: () => {
      stopped = true;
      resolve({ type: 'done' });
    },
    state: {
      delivered: 0,
      due: 0,
      peak: 0,
      get level() {
        return ceiling;
      },
      get ceiling() {
        return ceiling;
      },
      set ceiling(bytes) {
        ceiling = bytes;
      },
    },
  };
  const context = { clock, supply: supplyOf(512, headroom), pool: { lend: async () => [lease] } } as unknown as Context;
  const outcome = memory.plan(request, { caps, supply: supplyOf(512), running: [] });
  assert.ok(outcome.ok);
  return { clock, lease, work: outcome.value.start(context), isStopped: () => stopped };
}

describe('the kind memory', () => {
  for (const request of [
    { seconds: Number.NaN },
    { seconds: Number.POSITIVE_INFINITY },
    { seconds: -1 },
    { seconds: 0 },
    { seconds: '5' as unknown as number },
  ]) {
    it(`looks again at what no schema allows: ${inspect(request)}`, () => {
      assert.throws(() => plan(request), { code: 'unchecked-number' });
    });
  }

  it('takes amounts as Kubernetes writes them, bytes, and shares of the limit', () => {
    for (const [given, bytes] of [
      ['256Mi', 256 * Mi],
      ['0.25Gi', 256 * Mi],
      ['300M', 300_000_000],
      ['104857600', 100 * Mi],
      [104_857_600, 100 * Mi],
      ['50%', 256 * Mi],
    ] as const) {
      const outcome = plan({ memory: given }, 512);
      assert.ok(outcome.ok, String(given));
      assert.equal(outcome.value.granted.bytes, bytes);
      assert.equal(outcome.value.requested.memory, given);
      assert.deepEqual(outcome.value.reserves, { memoryBytes: bytes });
    }
  });

  it('refuses a percentage where there is no limit, and says what to do', () => {
    const outcome = plan({ memory: '60%' });
    assert.ok(!outcome.ok && outcome.refusal.code === 'no-memory-limit');
    assert.equal(outcome.refusal.errors?.[0]?.pointer, '/memory');
  });

  it('refuses with the field and the rule', () => {
    for (const [request, pointer, rule] of [
      [{ memory: '1Ki' }, '/memory', /at least 1Mi/],
      [{ memory: '120%' }, '/memory', /at most 100%/],
      [{ memory: '2Gi', seconds: 5 }, '/seconds', /must be at least 8: memory grows by at most 256Mi a second/],
      [
        { memory: '10Mi', shape: { type: 'sine', mean: 0.5, amplitude: 0.6, period_seconds: 5 } },
        '/shape/amplitude',
        /at most 1/,
      ],
      [{ seconds: 61 }, '/seconds', /at most 60/],
    ] as const) {
      const outcome = plan(request, 4096);
      assert.ok(!outcome.ok, JSON.stringify(request));
      const [error] = outcome.refusal.errors ?? [];
      assert.equal(error?.pointer, pointer);
      assert.match(error?.message ?? '', rule);
    }
  });

  it('lets memory grow only into half of the headroom that is there at each look', async () => {
    let free = 100 * Mi;
    const { clock, lease, work } = startedWith({ memory: '200Mi' }, () => free);
    await work;
    // The reserve of 512 MiB is 25.6 MiB, and half of it stays out of reach.
    assert.equal(Math.floor(lease.state.ceiling), Math.floor(((100 - 12.8) / 2) * Mi));
    free = 1000 * Mi;
    await clock.advance(100);
    assert.equal(lease.state.ceiling, 200 * Mi);
  });

  it('ends by itself, and says why, when what others use has left no headroom', async () => {
    let free = 1000 * Mi;
    const { clock, work, isStopped } = startedWith({ memory: '200Mi', seconds: 60 }, () => free);
    const { over } = await work;
    await clock.advance(5000);
    assert.equal(isStopped(), false);
    free = 5 * Mi;
    await clock.advance(1000);
    assert.ok(isStopped());
    assert.deepEqual(await over, { because: 'memory_pressure' });
    assert.equal(clock.armed(), 0);
  });

  it('takes everything at once where an OOM kill is allowed', async () => {
    const { clock, lease, work } = startedWith({ memory: '200Mi', allow_oom: true }, () => 0);
    await work;
    assert.equal(lease.state.ceiling, 200 * Mi);
    assert.equal(clock.armed(), 0);
  });
});
