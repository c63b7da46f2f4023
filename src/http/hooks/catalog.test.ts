/** Requests walk through the hooks in their order: at once past those that answer at once, and no further than the first that says no. */
import assert from 'node:assert/strict';
import { type AddressInfo, connect } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import fastify from 'fastify';
import { until } from '#test/support/until.ts';
import { addHooks } from './catalog.ts';
import type { HookParts, OnRequest } from './hook.ts';

/** A server with these hooks and one route; `seen` is what ran, in order. */
async function startWith(test: TestContext, steps: Readonly<Record<string, OnRequest>>) {
  const seen: string[] = [];
  const app = fastify();
  const added = Object.entries(steps).map(([name, step]) => ({
    name,
    because: 'of the test',
    hook: {
      register: () => void seen.push(`register ${name}`),
      onRequest: (): OnRequest => (request, reply) => {
        seen.push(name);
        return step(request, reply);
      },
    },
  }));
  // None of these hooks asks for anything.
  addHooks(app, {} as HookParts, added);
  app.get('/', () => {
    seen.push('route');
    return 'ok';
  });
  app.setErrorHandler((error: Error, _request, reply) => reply.code(500).send(error.message));
  await app.listen({ host: '127.0.0.1', port: 0 });
  test.after(() => app.close());
  seen.length = 0;
  const { port } = app.server.address() as AddressInfo;
  const ask = async () => {
    const answer = await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: 'close' } });
    return { status: answer.status, text: await answer.text() };
  };
  return { app, port, seen, ask };
}

const goesOn: OnRequest = () => true;

describe('the hooks', () => {
  it('are registered before any request, each once', async (test) => {
    const names: string[] = [];
    const app = fastify();
    test.after(() => app.close());
    const registered = (name: string) => ({ name, because: '', hook: { register: () => void names.push(name) } });
    addHooks(app, {} as HookParts, [registered('a'), registered('b')]);
    assert.deepEqual(names, ['a', 'b']);
  });

  it('see a request in their order, those behind one that waits too', async (test) => {
    const gate = Promise.withResolvers<boolean>();
    const { seen, ask } = await startWith(test, { a: goesOn, b: () => gate.promise, c: goesOn, d: async () => true });
    const answer = ask();
    await until('the second waits', () => seen.length === 2);
    gate.resolve(true);
    assert.deepEqual(await answer, { status: 200, text: 'ok' });
    assert.deepEqual(seen, ['a', 'b', 'c', 'd', 'route']);
  });

  it('do not make a request wait where none of them waits', async (test) => {
    const { app, seen, ask } = await startWith(test, { a: goesOn, b: goesOn });
    let seenInTheSameTurn: readonly string[] = [];
    // Called right behind Fastify's own listener: what runs behind a promise has not run then.
    app.server.on('request', () => {
      seenInTheSameTurn = [...seen];
    });
    await ask();
    assert.deepEqual(seenInTheSameTurn, ['a', 'b', 'route']);
  });

  for (const [how, no] of [
    ['at once', (_request, reply) => !reply.code(418).send('no')],
    ['after a wait', async (_request, reply) => !reply.code(418).send('no')],
  ] satisfies readonly (readonly [string, OnRequest])[]) {
    it(`end with the one that refuses ${how}`, async (test) => {
      const { seen, ask } = await startWith(test, { a: goesOn, b: no, c: goesOn });
      assert.deepEqual(await ask(), { status: 418, text: 'no' });
      assert.deepEqual(seen, ['a', 'b']);
    });
  }

  const thrown = () => {
    throw new Error('broken');
  };
  for (const [how, steps] of [
    ['at once', { a: thrown }],
    ['after a wait', { a: async () => thrown() }],
    ['behind one that waited', { a: async () => true, b: thrown }],
  ] satisfies readonly (readonly [string, Readonly<Record<string, OnRequest>>])[]) {
    it(`leave what is thrown ${how} to the error handler`, async (test) => {
      const { ask } = await startWith(test, steps);
      assert.deepEqual(await ask(), { status: 500, text: 'broken' });
    });
  }

  it('do nothing more for a client that has left while one of them waited', async (test) => {
    const gate = Promise.withResolvers<boolean>();
    let hasLeft = false;
    const waits: OnRequest = (_request, reply) => {
      reply.raw.once('close', () => {
        hasLeft = true;
      });
      return gate.promise;
    };
    const { port, seen, ask } = await startWith(test, { a: waits, b: goesOn });
    const socket = connect(port, '127.0.0.1').on('error', () => {});
    socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await until('it waits', () => seen.includes('a'));
    socket.destroy();
    await until('the server has seen it leave', () => hasLeft);
    // The control: one that stays goes on.
    const second = ask();
    await until('the second waits too', () => seen.length === 2);
    gate.resolve(true);
    await second;
    assert.deepEqual(seen, ['a', 'a', 'b', 'route']);
  });
});
