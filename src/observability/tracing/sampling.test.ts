import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { newTraceId } from '#foundation/trace-context.ts';
import { createSampler } from './sampling.ts';
import type { TracingSettings } from './settings.ts';

const sampler = (name: TracingSettings['sampler'], samplerRatio = 1, trust: TracingSettings['trust'] = 'false') =>
  createSampler({ sampler: name, samplerRatio, trust } as TracingSettings);
const parent = (isSampled: boolean) => ({ traceId: newTraceId(), spanId: 'b7ad6b7169203331', isSampled });

describe('the sampler', () => {
  it('takes about the part that is asked for, by the trace id alone', () => {
    const isSampled = sampler('traceidratio', 0.1);
    const ids = Array.from({ length: 20_000 }, newTraceId);
    const taken = ids.filter((id) => isSampled(id, undefined));
    // Seven standard deviations around 2000.
    assert.ok(taken.length > 1700 && taken.length < 2300, String(taken.length));
    assert.deepEqual(
      ids.filter((id) => isSampled(id, undefined)),
      taken,
    );
  });

  it('takes the same traces as other services: the largest of the last 56 bits', () => {
    const isSampled = sampler('traceidratio', 0.5);
    assert.equal(isSampled(`${'0'.repeat(18)}80000000000000`, undefined), true);
    assert.equal(isSampled(`${'f'.repeat(18)}7ffffffffff000`, undefined), false);
  });

  it('does as a trusted caller did', () => {
    for (const name of ['parentbased_always_on', 'parentbased_always_off', 'parentbased_traceidratio'] as const) {
      for (const flag of [true, false]) assert.equal(sampler(name, 0.5, 'true')('0'.repeat(32), parent(flag)), flag);
    }
  });

  it('takes no part of what a stranger asks for beyond the ratio, whatever id it comes with', () => {
    const isSampled = sampler('parentbased_traceidratio', 0.1);
    const taken = Array.from({ length: 5000 }, () => isSampled('f'.repeat(32), parent(true))).filter(Boolean).length;
    // Six standard deviations around 500.
    assert.ok(taken > 370 && taken < 630, String(taken));
    assert.equal(isSampled('f'.repeat(32), parent(false)), false);
  });

  it('always on and always off are what they say', () => {
    assert.equal(sampler('always_on', 0)('0'.repeat(32), parent(false)), true);
    assert.equal(sampler('always_off', 1)('f'.repeat(32), parent(true)), false);
    assert.equal(sampler('traceidratio', 1e-300)('f'.repeat(32), undefined), false);
  });
});
