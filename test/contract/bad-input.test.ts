/** What is refused, how it is said, and that nothing was started by it. */
import assert from 'node:assert/strict';
import files from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { connect } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { type Answer, type Ask, startInProcess } from '#test/support/in-process.ts';
import { until } from '#test/support/until.ts';

const post = (body: unknown, headers: Record<string, string> = {}): Ask => ({ method: 'POST', body, headers });

/** path, request, status, code, pointers of the fields that are wrong */
type Case = readonly [what: string, path: string, ask: Ask, status: number, code: string, pointers?: readonly string[]];

const field = (what: string, body: unknown, ...pointers: string[]): Case => [
  what,
  '/simulate-cpu',
  post(body),
  422,
  'invalid-body',
  pointers,
];

const CASES: readonly Case[] = [
  ['half a JSON text', '/simulate-cpu', post('{"seconds":'), 400, 'malformed-json'],
  ['a JSON text in another encoding', '/simulate-cpu', post(Buffer.from('{}', 'utf16le')), 400, 'malformed-json'],
  ['a byte order mark', '/simulate-cpu', post('\ufeff{}'), 400, 'malformed-json'],
  ['duplicate keys', '/simulate-cpu', post('{"seconds":1,"seconds":59}'), 400, 'malformed-json'],
  field('a number as text', { seconds: '5' }, '/seconds'),
  field('infinity as text', { seconds: 'Infinity' }, '/seconds'),
  field('a number too large for a number', '{"seconds":1e999}', '/seconds'),
  field('a negative number', { seconds: -1 }, '/seconds'),
  field('zero', { seconds: 0, parallelism: 0, load: 0 }, '/seconds', '/parallelism', '/load'),
  field('null', { seconds: null }, '/seconds'),
  field('true', { parallelism: true }, '/parallelism'),
  field('half a thread', { parallelism: 1.5 }, '/parallelism'),
  field('more than a whole core a thread', { load: 1.01 }, '/load'),
  field('a field that is not known', { threads: 2 }, ''),
  field('a misspelt field', { paralelism: 64 }, ''),
  field('a prototype', '{"__proto__":{"seconds":1}}', ''),
  field('an array', [], ''),
  field('null as the whole body', 'null', ''),
  field('a text as the whole body', '"5"', ''),
  ...['0m', '-1', '1e3', '70 %', '200%', '0.0001', '1Gi', '', 'half'].map((cpu) =>
    field(`${cpu} as an amount of CPU`, { cpu }, '/cpu'),
  ),
  ['250 cores, where 250m was meant', '/simulate-cpu', post({ cpu: '250' }), 422, 'over-cap', ['/cpu']],
  field('an amount and a number of threads', { cpu: '250m', parallelism: 2, load: 0.5 }, '/parallelism', '/load'),
  field('a shape of nothing', { shape: { type: 'ramp', from: 0, to: 1 } }, '/shape'),
  field(
    'a wave below zero',
    { cpu: 1, shape: { type: 'sine', mean: 0.2, amplitude: 0.3, period_seconds: 5 } },
    '/shape/amplitude',
  ),
  field(
    'a spike after the end',
    { cpu: 1, seconds: 5, shape: { type: 'spike', base: 0, peak: 1, at_seconds: 4, for_seconds: 2 } },
    '/shape/for_seconds',
  ),
  ['more seconds than the cap', '/simulate-cpu', post({ seconds: 3601 }), 422, 'over-cap', ['/seconds']],
  ['more cores than the cap', '/simulations/cpu', post({ parallelism: 9 }), 422, 'over-cap', ['/parallelism']],
  ['no content type', '/simulate-cpu', post('{}', { 'content-type': '' }), 415, 'unsupported-media-type'],
  [
    'a form',
    '/simulate-cpu',
    post('a=1', { 'content-type': 'application/x-www-form-urlencoded' }),
    415,
    'unsupported-media-type',
  ],
  ['plain text', '/simulate-cpu', post('{}', { 'content-type': 'text/plain' }), 415, 'unsupported-media-type'],
  // What the parameter says means nothing; what is sent does.
  [
    'latin1',
    '/simulate-cpu',
    post(Buffer.from('{"\xe9":1}', 'latin1'), { 'content-type': 'application/json; charset=latin1' }),
    400,
    'malformed-json',
  ],
  ['a compressed body', '/simulate-cpu', post('{}', { 'content-encoding': 'gzip' }), 415, 'unsupported-media-type'],
  ['too large a body', '/simulate-cpu', post(' '.repeat(16_385)), 413, 'body-too-large'],
  ['500,000-deep JSON', '/simulate-cpu', post('['.repeat(500_000)), 413, 'body-too-large'],
  ['JSON as deep as fits', '/simulate-cpu', post(`${'['.repeat(8000)}${']'.repeat(8000)}`), 422, 'invalid-body', ['']],
  ['an unknown path', '/nope', {}, 404, 'not-found'],
  ['a path in other letters', '/HEALTH', {}, 404, 'not-found'],
  ['a doubled slash', '//health', {}, 404, 'not-found'],
  ['an unknown simulation', '/simulations/sim-0123456789abcdef', {}, 404, 'simulation-not-found'],
  ['an unknown simulation to cancel', '/simulations/x', { method: 'DELETE' }, 404, 'simulation-not-found'],
  ['a simulation id that is none', `/simulations/${'a'.repeat(200)}`, {}, 404, 'simulation-not-found'],
  ['a broken body where nothing is', '/nope', post('{'), 404, 'not-found'],
  ['a broken body for a method that is not there', '/health', post('{'), 405, 'method-not-allowed'],
  ['an unknown kind', '/simulations/gpu', post({}), 405, 'method-not-allowed'],
  ['a broken escape in the path', '/%zz', {}, 400, 'bad-request'],
  ['an over-long path', `/${'a'.repeat(2048)}`, {}, 414, 'target-too-long'],
  ['over-long headers', `/${'a'.repeat(17_000)}`, {}, 431, 'header-too-large'],
];

function assertProblem(answer: Answer, status: number, code: string): void {
  assert.equal(answer.status, status, answer.text);
  assert.equal(answer.headers.get('content-type'), 'application/problem+json; charset=utf-8');
  const { type, title, detail, request_id } = answer.json;
  assert.equal(answer.json.status, status);
  assert.equal(answer.json.code, code);
  assert.equal(type, `urn:skyops:problem:${code}`);
  assert.ok(title.length > 0 && detail.length > 0);
  assert.equal(request_id, answer.headers.get('x-request-id'));
}

async function assertNothingStarted({ ask }: { ask: (path: string) => Promise<Answer> }): Promise<void> {
  assert.deepEqual((await ask('/simulations')).json.simulations, []);
}

function circular(object: Record<string, unknown>): unknown {
  object['self'] = object;
  return object;
}

/** A defect of ours: the files of the pages cannot be read. */
function breakPages(test: TestContext, thrown: unknown): void {
  const broken = test.mock.method(files, 'readFile', () => Promise.reject(thrown));
  syncBuiltinESMExports();
  test.after(() => {
    broken.mock.restore();
    syncBuiltinESMExports();
  });
}

const JSON_HEAD = 'Content-Type: application/json\r\n';

describe('bad input', () => {
  for (const [what, path, request, status, code, pointers] of CASES) {
    it(`answers ${status} ${code} to ${what}`, async (test) => {
      const service = await startInProcess(test);
      const answer = await service.ask(path, request);
      assertProblem(answer, status, code);
      assert.deepEqual(
        answer.json.errors?.map(({ pointer }: { pointer: string }) => pointer),
        pointers,
      );
      await assertNothingStarted(service);
    });
  }

  it('answers every method on every path: as documented, HEAD as GET, and 405 with what is allowed otherwise', async (test) => {
    const { url, ask } = await startInProcess(test);
    const documented: Record<string, Record<string, unknown>> = (await ask('/openapi.json')).json.paths;
    for (const template of Object.keys(documented)) {
      const path = template.replace('{id}', 'sim-0123456789abcdef');
      // /simulations/cpu may be the id of a simulation too, for those who read or cancel one.
      const methods = Object.entries(documented)
        .filter(([other]) => new RegExp(`^${other.replace('{id}', '[^/]+')}$`).test(path))
        .flatMap(([, operations]) => Object.keys(operations).map((method) => method.toUpperCase()));
      // A HEAD of the stream would be a stream that nobody reads.
      const allowed = ['GET', 'HEAD', 'POST', 'DELETE'].filter((method) =>
        method === 'HEAD' ? methods.includes('GET') && path !== '/events' : methods.includes(method),
      );
      for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PURGE']) {
        const what = `${method} ${path}`;
        if (!allowed.includes(method)) {
          // Not by fetch, which refuses TRACE by itself.
          const request = `${method} ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`;
          const head = await exchange(test, url, request);
          assert.match(head, /^HTTP\/1\.1 405 /, what);
          assert.match(head, new RegExp(`^allow: ${allowed.join(', ')}\r$`, 'im'), what);
        } else if (method === 'HEAD') {
          const [asGet, asHead] = [await ask(path), await ask(path, { method })];
          assert.deepEqual([asHead.status, asHead.text], [asGet.status, ''], what);
          assert.equal(asHead.headers.get('content-type'), asGet.headers.get('content-type'), what);
        }
      }
    }
  });

  for (const [method, path, allow] of [
    ['GET', '/simulate-cpu', 'POST'],
    ['PUT', '/health', 'GET, HEAD'],
    ['PATCH', '/simulations', 'GET, HEAD, DELETE'],
    ['OPTIONS', '/simulations/sim-0123456789abcdef', 'GET, HEAD, DELETE'],
  ] as const) {
    it(`answers 405 with Allow: ${allow} to ${method} ${path}`, async (test) => {
      const { ask } = await startInProcess(test);
      const answer = await ask(path, { method });
      assertProblem(answer, 405, 'method-not-allowed');
      assert.equal(answer.headers.get('allow'), allow);
    });
  }

  it('takes application/json in UTF-8, however it is written, and no other type', async (test) => {
    const service = await startInProcess(test);
    const { url, ask } = service;
    const statusOf = async (type: string) => {
      // Not by fetch, which tidies the header up.
      const head = `POST /simulate-cpu HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: ${type}\r\n`;
      const answer = await exchange(test, url, `${head}Content-Length: 14\r\n\r\n{"seconds":-1}`);
      return Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1]);
    };
    // 422: it was read, and found wrong.
    for (const type of [
      'application/json',
      'Application/JSON',
      'application/json; charset=utf-8',
      'application/json;charset=UTF-8',
      'application/json ; charset="utf-8"',
      'application/json; charset=utf8',
      'application/json; odata.metadata=minimal; charset=utf-8',
      'application/json;',
      'application/json; a',
    ])
      assert.equal(await statusOf(type), 422, type);
    for (const type of [
      'text/json',
      'application/jsonx',
      'application/x-json',
      'application/json-patch+json',
      'application/problem+json',
      'application/vnd.api+json',
      'application/json, text/plain',
      'text/plain, application/json',
      'application/json text/plain',
      'application/json\ttext/plain',
      'application/json\ta',
      'multipart/form-data; boundary=a',
      '*/*',
      'json',
    ])
      assert.equal(await statusOf(type), 415, type);
    await assertNothingStarted({ ask });
  });

  it('never repeats what was sent', async (test) => {
    const { ask, log } = await startInProcess(test);
    const canary = 'canary-5521';
    const texts = await Promise.all([
      ask(`/${canary}?${canary}`),
      ask(`/health?${canary}=${canary}`),
      ask('/simulate-cpu', post({ [canary]: canary })),
      ask('/simulate-cpu', post({ seconds: canary })),
      ask('/simulate-cpu', post(`{"${canary}`)),
      ask('/simulate-cpu', post({}, { 'content-type': canary })),
      ask(`/simulations/${canary}`),
      ask('/nope', { headers: { authorization: canary, cookie: canary, 'x-request-id': `${canary}!` } }),
    ]);
    for (const { text } of texts) assert.doesNotMatch(text, /canary/);
    assert.doesNotMatch(JSON.stringify(log), /canary/);
  });

  for (const [what, sent, status] of [
    ['what is not HTTP', 'hello\r\n\r\n', 400],
    ['a made-up method', 'FOO / HTTP/1.1\r\nHost: a\r\n\r\n', 400],
    ['a missing Host', 'GET / HTTP/1.1\r\n\r\n', 400],
    ['the absolute form', 'GET http://evil.example/docs HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n', 400],
    [
      'two lengths',
      'POST /simulate-cpu HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}',
      400,
    ],
    [
      'a broken chunk',
      `POST /simulate-cpu HTTP/1.1\r\nHost: a\r\n${JSON_HEAD}Transfer-Encoding: chunked\r\n\r\nzz\r\n`,
      400,
    ],
    ['too large headers', `GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(17_000)}\r\n\r\n`, 431],
    ['an expectation that nobody knows', 'GET / HTTP/1.1\r\nHost: a\r\nExpect: foo\r\nConnection: close\r\n\r\n', 417],
    ['a tunnel', 'CONNECT foo:80 HTTP/1.1\r\nHost: foo:80\r\n\r\n', 405],
  ] as const) {
    it(`answers ${status} to ${what}, once, in the form of every problem, and counts it`, async (test) => {
      const { url, ask, log } = await startInProcess(test);
      const answers = answersIn(await exchange(test, url, sent));
      assert.deepEqual(
        answers.map((answer) => answer.status),
        [status],
      );
      const { head = '', body = '' } = answers[0] ?? {};
      assert.match(head, /content-type: application\/problem\+json/);
      assert.match(head, /connection: close/i);
      assert.match(head, /x-content-type-options: nosniff/);
      const problem = JSON.parse(body);
      assert.equal(problem.status, status);
      assert.match(head, new RegExp(`x-request-id: ${problem.request_id}`));
      await until('it is logged', () =>
        log.some((line) => line['request_id'] === problem.request_id && line['status'] === status),
      );
      await assertNothingStarted({ ask });
      assert.match((await ask('/metrics')).text, /^skyops_http_requests_in_flight 1$/m);
    });
  }

  it('answers a whole request before it refuses the garbage behind it', async (test) => {
    const { url } = await startInProcess(test);
    const answers = answersIn(await exchange(test, url, 'GET /health HTTP/1.1\r\nHost: a\r\n\r\nGARBAGE\r\n\r\n'));
    assert.deepEqual(
      answers.map(({ status }) => status),
      [200, 400],
    );
  });

  const SIMULATE = 'POST /simulate-cpu HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n';
  const BEHIND = `${SIMULATE}Content-Length: 25\r\n\r\n{"cpu":"1m","seconds":60}`;

  for (const [what, refused, status] of [
    ['an expectation', `${SIMULATE}Expect: magic\r\nContent-Length: 2\r\n\r\n{}`, 417],
    ['a body for its length', `${SIMULATE}Content-Length: 99999\r\n\r\n${' '.repeat(99_999)}`, 413],
    ['a head', 'GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n', 400],
    ['nothing, but was asked for the end', 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n', 200],
  ] as const) {
    it(`does not carry out what stands behind the last answer of a connection: refused was ${what}`, async (test) => {
      const { url, ask } = await startInProcess(test);
      const answers = answersIn(await exchange(test, url, refused + BEHIND + refused));
      assert.deepEqual(
        answers.map((answer) => answer.status),
        [status],
      );
      await assertNothingStarted({ ask });
    });
  }

  it('ends a connection that sends on behind its last answer, whatever it sends', async (test) => {
    const { url } = await startInProcess(test);
    const { socket, received } = open(test, url);
    // Open for as long as the stream, which is before the answer that is the last.
    socket.write('GET /events HTTP/1.1\r\nHost: a\r\n\r\n');
    await until('the stream has started', () => received.text.includes('text/event-stream'));
    socket.write(`${SIMULATE}Expect: magic\r\n\r\n`.repeat(100));
    await until('it is closed', () => socket.closed);
  });

  it('gives no answer to a CONNECT behind a request that waits for its own', async (test) => {
    const { url } = await startInProcess(test);
    const simulation = `${SIMULATE}Content-Length: 24\r\n\r\n{"cpu":"1m","seconds":3}`;
    assert.equal(await exchange(test, url, `${simulation}CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n`), '');
  });

  it('carries out nothing behind a stream of HTTP/1.0, which ends with its connection', async (test) => {
    const { url, ask } = await startInProcess(test);
    const { received } = open(test, url, `GET /events HTTP/1.0\r\nConnection: keep-alive\r\n\r\n${BEHIND}`);
    await until('the stream has started', () => received.text.includes('text/event-stream'));
    await assertNothingStarted({ ask });
  });

  it('gives one answer to an expectation that nobody meets, however broken its body is', async (test) => {
    const { url } = await startInProcess(test);
    const broken = `${SIMULATE}Expect: magic\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n`;
    const answers = answersIn(await exchange(test, url, broken));
    assert.deepEqual(
      answers.map(({ status }) => status),
      [417],
    );
  });

  it('answers what breaks within the last request of a recycled connection', { timeout: 60_000 }, async (test) => {
    // Every connection is recycled with its fourth request.
    const { url } = await startInProcess(test, { SKYOPS_LOG_LEVEL: 'silent' }, () => -1.4991);
    const { socket, received } = open(test, url);
    for (let count = 1; count <= 3; count += 1) {
      socket.write('GET /health HTTP/1.1\r\nHost: a\r\n\r\n');
      await until('it is answered', () => answersIn(received.text).length === count);
    }
    socket.write(`${SIMULATE}Transfer-Encoding: chunked\r\n\r\nzz\r\n`);
    await until('the connection is closed', () => socket.closed);
    assert.deepEqual(
      answersIn(received.text).map(({ status }) => status),
      [200, 200, 200, 400],
    );
  });

  it('counts no answer that nobody got: what stands behind a request for the end', async (test) => {
    const { url, ask } = await startInProcess(test);
    const last = `${SIMULATE}Connection: close\r\nContent-Length: 26\r\n\r\n{"cpu":"1m","seconds":0.1}`;
    const answers = answersIn(await exchange(test, url, `${last}GARBAGE\r\n\r\n`));
    assert.deepEqual(
      answers.map(({ status }) => status),
      [200],
    );
    assert.doesNotMatch((await ask('/metrics')).text, /path="unmatched"/);
  });

  it('says nothing of the cause of a 500, which is in the log under its id', async (test) => {
    const { ask, log } = await startInProcess(test);
    breakPages(test, new Error('canary: /etc/passwd'));
    const answer = await ask('/redoc/bundle.js');
    assertProblem(answer, 500, 'internal');
    assert.doesNotMatch(answer.text, /canary|passwd|readFile|\.ts/);
    const line = log.find(({ request_id, level }) => request_id === answer.json.request_id && level === 'error');
    assert.match(JSON.stringify(line), /canary: \/etc\/passwd/);
  });

  for (const [what, thrown] of [
    ['null', null],
    ['nothing', undefined],
    ['a string', 'canary'],
    ['a BigInt', 42n],
    ['a symbol', Symbol('canary')],
    ['an object that is no text', Object.create(null)],
    ['a circular object', circular({ canary: true })],
    ['a huge error', new Error('canary'.repeat(1e6))],
    ['an error that says it is a success', Object.assign(new Error('canary'), { statusCode: 200 })],
    ['an object that says it is a success', { statusCode: 200, message: 'canary' }],
    ['an error with a status that is none', Object.assign(new Error('canary'), { statusCode: 'canary' })],
  ] as const) {
    it(`answers 500 when ${what} is thrown, as for any error`, async (test) => {
      const { ask, log } = await startInProcess(test);
      breakPages(test, thrown);
      const answer = await ask('/redoc/bundle.js');
      assertProblem(answer, 500, 'internal');
      assert.doesNotMatch(answer.text, /canary/);
      assert.ok(log.some(({ request_id, level }) => request_id === answer.json.request_id && level === 'error'));
      assert.equal((await ask('/health')).status, 200);
    });
  }

  it('answers what stands behind a refused body that was whole', async (test) => {
    const { url } = await startInProcess(test);
    const broken = `${SIMULATE}Content-Length: 1\r\n\r\n{`;
    const last = 'GET /health HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';
    const answers = answersIn(await exchange(test, url, broken + broken + last));
    assert.deepEqual(
      answers.map(({ status }) => status),
      [400, 400, 200],
    );
    assert.doesNotMatch(answers[0]?.head ?? '', /connection: close/i);
  });

  it('gives one answer to a request whose body breaks after it was answered', async (test) => {
    const { url } = await startInProcess(test);
    const { socket, received } = open(test, url);
    socket.write('POST /nope HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n');
    await until('it is answered', () => received.text.includes('"code":"not-found"'));
    socket.write('zz\r\n');
    await until('the connection is closed', () => socket.closed);
    assert.deepEqual(
      answersIn(received.text).map(({ status }) => status),
      [404],
    );
  });

  it('answers 404 to a file of the pages that does not exist, whatever path it would be on the disk', async (test) => {
    const { ask } = await startInProcess(test);
    for (const path of [
      '/docs/nope.js',
      '/redoc/nope.js',
      '/docs/..%2fpackage.json',
      '/docs/%2e%2e%2f%2e%2e%2fetc%2fpasswd',
    ]) {
      assertProblem(await ask(path), 404, 'not-found');
    }
  });
});

/** The answers in a stream of them, by their Content-Length. */
function answersIn(text: string): { status: number; head: string; body: string }[] {
  const answers = [];
  for (let rest = text; rest !== ''; ) {
    const end = rest.indexOf('\r\n\r\n');
    const head = rest.slice(0, end);
    const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
    answers.push({ status: Number(head.split(' ')[1]), head, body: rest.slice(end + 4, end + 4 + length) });
    rest = rest.slice(end + 4 + length);
  }
  return answers;
}

function open(test: TestContext, url: string, bytes = '') {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.write(bytes);
  test.after(() => socket.destroy());
  const received = { text: '' };
  socket.on('data', (data) => {
    received.text += data;
  });
  socket.on('error', () => {});
  return { socket, received };
}

/** Sends bytes as they are and resolves with everything that comes back until the peer closes. */
async function exchange(test: TestContext, url: string, bytes: string): Promise<string> {
  const { socket, received } = open(test, url, bytes);
  await until('the peer closes', () => socket.closed);
  return received.text;
}
