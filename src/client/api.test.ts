/** Our own programs speak to a SkyOps wherever it is: behind a path, with a credential, and they hear every no as a value. */
import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { Failure } from '#foundation/failure.ts';
import { askFor, start } from './api.ts';
import { openHttpClient, reasonOf } from './http-client.ts';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

async function serve(test: TestContext, answer: Answer): Promise<string> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  test.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const POST = { path: '/simulations/cpu', expected: 202, body: { cpu: '1m' }, timeoutMs: 5000 } as const;

describe('the client of the API', () => {
  it('asks below the path of its address, with its credential, and never says that in an error', async (test) => {
    const asked: { url?: string | undefined; authorization?: string | undefined }[] = [];
    const url = await serve(test, (request, response) => {
      asked.push({ url: request.url, authorization: request.headers.authorization });
      response.writeHead(202, { 'content-type': 'application/json' }).end('{"id":"sim-1"}');
    });
    const client = openHttpClient(new URL(`${url}/api/v1/proxy/#top`), { credential: 'secret-key' });
    assert.deepEqual(await start(client, POST), { ok: true, value: { id: 'sim-1' } });
    await askFor(client, { method: 'GET', id: '../../kill?a', timeoutMs: 5000 });
    client.leave();
    assert.deepEqual(asked, [
      { url: '/api/v1/proxy/simulations/cpu', authorization: 'Bearer secret-key' },
      { url: '/api/v1/proxy/simulations/..%2F..%2Fkill%3Fa', authorization: 'Bearer secret-key' },
    ]);
    assert.equal(client.address, `${url}/api/v1/proxy/`);
    const gone = openHttpClient(new URL('http://ann:word@127.0.0.1:1/'), { credential: 'secret-key' });
    await assert.rejects(gone.ask({ method: 'GET', path: '/', timeoutMs: 5000 }), (error) => {
      assert.ok(error instanceof Failure && error.code === 'no-answer');
      assert.doesNotMatch(`${error.message} ${error.hint}`, /secret-key|word/);
      return true;
    });
  });

  for (const [what, status, headers, body, refusal] of [
    [
      'a field that is wrong',
      422,
      {},
      '{"detail":"Not so.","errors":[{"pointer":"/cpu","message":"must be less"}]}',
      {
        detail: 'Not so.',
        errors: [{ pointer: '/cpu', message: 'must be less' }],
        retryAfterSeconds: undefined,
        isWrong: true,
      },
    ],
    [
      'no capacity',
      429,
      { 'retry-after': '7' },
      '{"detail":"Later."}',
      { detail: 'Later.', errors: [], retryAfterSeconds: 7, isWrong: false },
    ],
    [
      'a drain',
      503,
      { 'retry-after': '1' },
      '{"detail":"Stopping."}',
      { detail: 'Stopping.', errors: [], retryAfterSeconds: 1, isWrong: false },
    ],
    [
      'a gateway with a page',
      502,
      { 'retry-after': 'soon' },
      '<html>',
      { detail: 'The answer had status 502.', errors: [], retryAfterSeconds: undefined, isWrong: false },
    ],
    [
      'JSON that is no object',
      500,
      {},
      'null',
      { detail: 'The answer had status 500.', errors: [], retryAfterSeconds: undefined, isWrong: false },
    ],
    [
      'another success than is expected',
      200,
      {},
      '"hello"',
      { detail: 'The answer had status 200.', errors: [], retryAfterSeconds: undefined, isWrong: true },
    ],
  ] as const) {
    it(`gives a refusal as a value: ${what}`, async (test) => {
      const url = await serve(test, (_request, response) => response.writeHead(status, headers).end(body));
      const client = openHttpClient(new URL(url));
      assert.deepEqual(await start(client, POST), { ok: false, refusal });
      client.leave();
    });
  }

  it('gives up an answer that does not come in time, or that nobody waits for any more', async (test) => {
    const url = await serve(test, (_request, response) => void response.write('{'));
    const client = openHttpClient(new URL(url), { isKept: false });
    const stopped = new AbortController();
    const asked = [
      client.ask({ method: 'GET', path: '/', timeoutMs: 50 }),
      client.ask({ method: 'GET', path: '/', timeoutMs: 60_000, signal: stopped.signal }),
    ];
    stopped.abort();
    for (const outcome of await Promise.allSettled(asked)) {
      assert.ok(outcome.status === 'rejected' && outcome.reason instanceof Failure);
      assert.equal(reasonOf(outcome.reason.cause), 'no answer in time');
    }
  });

  it('opens a connection for each request where it is not to keep one', async (test) => {
    const ports: (number | undefined)[] = [];
    const url = await serve(test, (request, response) => {
      ports.push(request.socket.remotePort);
      response.end('{}');
    });
    for (const [isKept, connections] of [
      [true, 1],
      [false, 3],
    ] as const) {
      ports.length = 0;
      const client = openHttpClient(new URL(url), { isKept });
      for (let count = 0; count < 3; count += 1) await client.ask({ method: 'GET', path: '/', timeoutMs: 5000 });
      client.leave();
      assert.equal(new Set(ports).size, connections);
    }
  });
});
