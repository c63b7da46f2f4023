import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Simulation } from '#simulation/simulation.ts';
import { fingerprintOf, IdempotencyKeys, idempotencyKeyOf } from './idempotency.ts';

const of = (key: string, actor = 'ann') => ({ actor, key });
const startedAs = (id: string) => ({ id, ended: new Promise<never>(() => {}) });
const idOf = (found: ReturnType<IdempotencyKeys['find']>) => (found.ok ? found.value?.id : found.refusal.code);

describe('idempotency keys', () => {
  it('give the same simulation for the same key and body, and none for a new key', () => {
    const keys = new IdempotencyKeys();
    keys.remember(of('key-1'), 'body-1', startedAs('sim-1'));
    assert.equal(idOf(keys.find(of('key-1'), 'body-1')), 'sim-1');
    assert.equal(idOf(keys.find(of('key-2'), 'body-1')), undefined);
  });

  it('belong to their actor: the same key of somebody else is another one', () => {
    const keys = new IdempotencyKeys();
    keys.remember(of('key-1', 'ann'), 'body-1', startedAs('sim-1'));
    assert.equal(idOf(keys.find(of('key-1', 'bob'), 'body-1')), undefined);
    // Bob may use it for whatever he wants.
    assert.equal(idOf(keys.find(of('key-1', 'bob'), 'body-2')), undefined);
    keys.remember(of('key-1', 'bob'), 'body-2', startedAs('sim-2'));
    assert.equal(idOf(keys.find(of('key-1', 'ann'), 'body-1')), 'sim-1');
    assert.equal(idOf(keys.find(of('key-1', 'bob'), 'body-2')), 'sim-2');
  });

  it('refuse the same key with another body', () => {
    const keys = new IdempotencyKeys();
    keys.remember(of('key-1'), 'body-1', startedAs('sim-1'));
    assert.equal(idOf(keys.find(of('key-1'), 'body-2')), 'idempotency-key-reused');
  });

  it('keep the report of what has ended, and start anew what nobody has the answer of', async () => {
    const keys = new IdempotencyKeys();
    for (const because of ['completed', 'cancelled', 'client_gone', 'failed'] as const) {
      const report = { ended_because: because, samples: [{ at_seconds: 1 }] } as unknown as Simulation;
      const ended = Promise.resolve(report);
      keys.remember(of(because), 'body', { id: because, ended });
      await ended;
    }
    assert.deepEqual(
      ['completed', 'cancelled', 'client_gone', 'failed'].map((key) => idOf(keys.find(of(key), 'body'))),
      ['completed', 'cancelled', undefined, undefined],
    );
    const kept = keys.find(of('completed'), 'body');
    assert.deepEqual(kept.ok && kept.value?.report?.samples, []);
  });

  it('are bounded: the oldest goes first', () => {
    const keys = new IdempotencyKeys();
    for (let index = 0; index <= 2000; index += 1) keys.remember(of(`key-${index}`), 'body', startedAs(`sim-${index}`));
    assert.equal(idOf(keys.find(of('key-0'), 'body')), undefined);
    assert.equal(idOf(keys.find(of('key-1'), 'body')), 'sim-1');
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
