import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { inspect } from 'node:util';
import { cpu } from './cpu.ts';

const caps = { maxSeconds: 60, maxCores: 8, maxMemoryBytes: 1024 ** 3, maxSimulations: 16 };

function plan(request: unknown, quotaCores: number | null = null) {
  const supply = {
    cpu: () => ({ cpus: 2, quotaCores }),
    memory: () => ({ limitBytes: null, totalBytes: 1024 ** 3, headroomBytes: 1024 ** 3 }),
  };
  return cpu.plan(request, { caps, supply, running: [] });
}

describe('the kind cpu', () => {
  for (const request of [
    { seconds: Number.NaN },
    { seconds: Number.POSITIVE_INFINITY },
    { seconds: -1 },
    { seconds: 0 },
    { seconds: '5' as unknown as number },
    { parallelism: 0 },
    { parallelism: -1 },
    { parallelism: 1.5 },
    { parallelism: Number.NaN },
    { load: 0 },
    { load: 2 },
    { load: -0.5 },
    { load: Number.NaN },
  ]) {
    it(`looks again at what no schema allows: ${inspect(request)}`, () => {
      assert.throws(() => plan(request), { code: 'unchecked-number' });
    });
  }

  it('takes a percentage as a share of the container’s limit', () => {
    const outcome = plan({ cpu: '70%', seconds: 10 }, 0.5);
    assert.ok(outcome.ok);
    assert.deepEqual(outcome.value.granted, {
      seconds: 10,
      threads: 1,
      cores: 0.35,
      core_seconds: 3.5,
      limited_by: null,
    });
  });

  it('refuses a percentage where there is no limit, and says what to do', () => {
    const outcome = plan({ cpu: '70%' });
    assert.ok(!outcome.ok && outcome.refusal.code === 'no-cpu-limit');
    assert.equal(outcome.refusal.errors?.[0]?.pointer, '/cpu');
  });

  it('asks for the area under the shape, of which the amount is the top', () => {
    const outcome = plan({ cpu: 1, seconds: 10, shape: { type: 'ramp', from: 0, to: 1 } });
    assert.ok(outcome.ok);
    assert.equal(outcome.value.requested.cores, 1);
    assert.equal(outcome.value.requested.core_seconds, 5);
  });

  it('fills in the defaults of an empty body', () => {
    const outcome = plan({});
    assert.ok(outcome.ok);
    const { seconds, cpu: amount, parallelism, load, saturate } = outcome.value.requested;
    assert.deepEqual([seconds, amount, parallelism, load, saturate], [10, null, 1, 1, false]);
  });

  it('names every field that cannot stand beside the amount', () => {
    const outcome = plan({ cpu: 1, parallelism: 2, load: 0.5 });
    assert.ok(!outcome.ok);
    assert.deepEqual(
      outcome.refusal.errors?.map(({ pointer }) => pointer),
      ['/parallelism', '/load'],
    );
  });

  it('refuses what lasts longer than the cap', () => {
    const outcome = plan({ seconds: 61 });
    assert.ok(!outcome.ok && outcome.refusal.code === 'over-cap');
  });
});
