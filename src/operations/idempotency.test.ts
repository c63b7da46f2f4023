import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Simulation } from '#simulation/simulation.ts';
import { createIdempotencyKeys, fingerprintOf, idempotencyKeyOf } from './idempotency.ts';

const startedAs = (id: string) => ({ id, ended: new Promise<never>(() => {}) });
const idOf = (found: ReturnType<ReturnType<typeof createIdempotencyKeys>['find']>) =>
  found.ok ? found.value?.id : found.refusal.code;

describe('idempotency keys', () => {
  it('give the same simulation for the same key and body, and none for a new key', () => {
    const keys = createIdempotencyKeys();
    keys.remember('key-1', 'body-1', startedAs('sim-1'));
    assert.equal(idOf(keys.find('key-1', 'body-1')), 'sim-1');
    assert.equal(idOf(keys.find('key-2', 'body-1')), undefined);
  });

  it('refuse the same key with another body', () => {
    const keys = createIdempotencyKeys();
    keys.remember('key-1', 'body-1', startedAs('sim-1'));
    assert.equal(idOf(keys.find('key-1', 'body-2')), 'idempotency-key-reused');
  });

  it('keep the report of what has ended, and begin anew what nobody has the answer of', async () => {
    const keys = createIdempotencyKeys();
    for (const because of ['completed', 'cancelled', 'client_gone', 'failed'] as const) {
      const report = { ended_because: because, samples: [{ at_seconds: 1 }] } as unknown as Simulation;
      const ended = Promise.resolve(report);
      keys.remember(because, 'body', { id: because, ended });
      await ended;
    }
    assert.deepEqual(
      ['completed', 'cancelled', 'client_gone', 'failed'].map((key) => idOf(keys.find(key, 'body'))),
      ['completed', 'cancelled', undefined, undefined],
    );
    const kept = keys.find('completed', 'body');
    assert.deepEqual(kept.ok && kept.value?.report?.samples, []);
  });

  it('are bounded: the oldest goes first', () => {
    const keys = createIdempotencyKeys();
    for (let index = 0; index <= 2000; index += 1) keys.remember(`key-${index}`, 'body', startedAs(`sim-${index}`));
    assert.equal(idOf(keys.find('key-0', 'body')), undefined);
    assert.equal(idOf(keys.find('key-1', 'body')), 'sim-1');
  });

  it('are read bare or quoted, once', () => {
    assert.deepEqual(idempotencyKeyOf(undefined), { ok: true, value: undefined });
    assert.deepEqual(idempotencyKeyOf(['abc']), { ok: true, value: 'abc' });
    assert.deepEqual(idempotencyKeyOf(['"abc"']), { ok: true, value: 'abc' });
    for (const given of [[''], ['""'], ['a b'], ['ä'], ['x'.repeat(256)], ['a', 'a']])
      assert.ok(!idempotencyKeyOf(given).ok);
  });

  it('do not mind the order of fields', () => {
    assert.equal(
      fingerprintOf('cpu', { a: 1, b: [{ c: 1, d: 2 }] }),
      fingerprintOf('cpu', { b: [{ d: 2, c: 1 }], a: 1 }),
    );
    assert.notEqual(fingerprintOf('cpu', { a: [1, 2] }), fingerprintOf('cpu', { a: [2, 1] }));
    assert.notEqual(fingerprintOf('cpu', {}), fingerprintOf('memory', {}));
  });
});
