/** The OpenAPI document describes what is really answered. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { kinds } from '#simulation/catalog.ts';
import { type Ask, startInProcess } from '#test/support/in-process.ts';
import { type Document, validatorsOf } from '#test/support/openapi.ts';

/** Every documented answer that can be provoked from outside: operation, request, status. */
const ANSWERS: readonly (readonly [template: string, method: string, path: string, ask: Ask, status: number])[] = [
  ['/', 'get', '/', {}, 200],
  ['/health', 'get', '/health', {}, 200],
  ['/health', 'get', '/health?verbose', {}, 200],
  ['/ready', 'get', '/ready', {}, 200],
  ['/ready', 'get', '/ready?verbose=1', {}, 200],
  ['/status', 'get', '/status', {}, 200],
  ['/openapi.json', 'get', '/openapi.json', {}, 200],
  ['/simulate-cpu', 'post', '/simulate-cpu', { body: { seconds: 0.1, load: 0.1 } }, 200],
  ['/simulate-cpu', 'post', '/simulate-cpu', { body: { load: 0.1 }, headers: { prefer: 'respond-async' } }, 202],
  ['/simulate-cpu', 'post', '/simulate-cpu', { body: '{' }, 400],
  ['/simulate-cpu', 'post', '/simulate-cpu', { body: ' '.repeat(20_000) }, 413],
  ['/simulate-cpu', 'post', '/simulate-cpu', { body: '', headers: { 'content-type': 'text/plain' } }, 415],
  ['/simulate-cpu', 'post', '/simulate-cpu', { body: { seconds: 'x', y: 1 } }, 422],
  ['/simulations/cpu', 'post', '/simulations/cpu', { body: { load: 0.1 } }, 202],
  ['/simulations/memory', 'post', '/simulations/memory', { body: { memory: '8Mi', seconds: 2 } }, 202],
  ['/simulations/memory', 'post', '/simulations/memory', { body: { memory: '250m' } }, 422],
  [
    '/simulations/memory',
    'post',
    '/simulations/memory',
    { body: { memory: '8Mi', seconds: 0.2 }, headers: { prefer: 'wait=5' } },
    200,
  ],
  ['/simulations', 'get', '/simulations', {}, 200],
  ['/simulations/{id}', 'get', '/simulations/sim-0000000000000000', {}, 404],
  ['/simulations/{id}', 'delete', '/simulations/sim-0000000000000000', {}, 404],
  ['/simulations', 'delete', '/simulations', {}, 200],
];

describe('the OpenAPI document', () => {
  it('describes every operation and every answer of it', async (test) => {
    const { ask } = await startInProcess(test);
    const document: Document = (await ask('/openapi.json')).json;
    assert.equal(document.openapi, '3.1.0');
    assert.deepEqual(Object.keys(document.paths).toSorted(), [
      '/',
      '/events',
      '/health',
      '/metrics',
      '/openapi.json',
      '/ready',
      '/simulate-cpu',
      '/simulations',
      ...kinds.map(({ name }) => `/simulations/${name}`).toSorted(),
      '/simulations/{id}',
      '/status',
    ]);
    const ids = new Set<string>();
    for (const [path, operations] of Object.entries(document.paths)) {
      for (const [method, operation] of Object.entries(operations)) {
        const what = `${method} ${path}`;
        assert.ok(operation.operationId && operation.summary && operation.description, what);
        assert.ok(!ids.has(operation.operationId), what);
        ids.add(operation.operationId);
        for (const [status, { description, content }] of Object.entries(operation.responses)) {
          assert.ok(description.length > 3, `${what} ${status}`);
          if (Number(status) >= 400 && !/^\/(health|ready)$/.test(path)) {
            assert.deepEqual(Object.keys(content ?? {}), ['application/problem+json'], `${what} ${status}`);
          }
        }
      }
    }
  });

  it('its examples are valid', async (test) => {
    const { ask } = await startInProcess(test);
    const document: Document = (await ask('/openapi.json')).json;
    const { check } = validatorsOf(document);
    for (const [path, operations] of Object.entries(document.paths)) {
      for (const [method, { responses, requestBody }] of Object.entries(operations)) {
        for (const [status, { content = {} }] of Object.entries(responses)) {
          for (const [type, { examples: named = {} }] of Object.entries(content)) {
            if (/json/.test(type))
              assert.ok(Object.keys(named).length > 0, `${method} ${path} ${status} has no example`);
            for (const { value } of Object.values(named)) {
              check(
                ['paths', path, method, 'responses', status, 'content', type, 'schema'],
                value,
                `${method} ${path}`,
              );
            }
          }
        }
        for (const [type, { schema }] of Object.entries(requestBody?.content ?? {})) {
          for (const value of (schema['examples'] ?? []) as unknown[]) {
            check(['paths', path, method, 'requestBody', 'content', type, 'schema'], value, `${method} ${path}`);
          }
        }
      }
    }
  });

  it('what is answered is as documented', async (test) => {
    const { ask } = await startInProcess(test);
    const document: Document = (await ask('/openapi.json')).json;
    const { check } = validatorsOf(document);
    for (const [template, method, path, request, status] of ANSWERS) {
      const answer = await ask(path, { method: method.toUpperCase(), ...request });
      const what = `${method} ${path} ${JSON.stringify(request).slice(0, 80)}`;
      assert.equal(answer.status, status, `${what}: ${answer.text}`);
      const [type = ''] = (answer.headers.get('content-type') ?? '').split(';');
      check(['paths', template, method, 'responses', String(status), 'content', type, 'schema'], answer.json, what);
    }
  });
});
