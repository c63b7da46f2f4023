/** Every kind of answer has the headers that every answer has: each of them, and each once. */
import assert from 'node:assert/strict';
import { ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { startInProcess } from '#test/support/in-process.ts';
import { until } from '#test/support/until.ts';

const EACH_ONCE = [
  'cache-control',
  'content-security-policy',
  'cross-origin-opener-policy',
  'cross-origin-resource-policy',
  'date',
  'referrer-policy',
  'x-content-type-options',
  'x-request-id',
];

const HOST = 'Host: a\r\n';
const get = (path: string, lines = '', method = 'GET') => `${method} ${path} HTTP/1.1\r\n${HOST}${lines}\r\n`;
const post = (lines: string, body: string) =>
  `POST /simulate-cpu HTTP/1.1\r\n${HOST}Content-Type: application/json\r\n${lines}\r\n${body}`;

const ANSWERS: readonly (readonly [what: string, bytes: string, status: number])[] = [
  ['JSON', get('/'), 200],
  ['text', get('/metrics'), 200],
  ['HEAD', get('/', '', 'HEAD'), 200],
  ['to HTTP/1.0', 'GET /health HTTP/1.0\r\n\r\n', 200],
  ['to HTTP/1.0 that is kept', 'GET /health HTTP/1.0\r\nConnection: keep-alive\r\n\r\n', 200],
  ['the last of its connection', get('/health', 'Connection: close\r\n'), 200],
  ['under the id of the caller', get('/health', 'X-Request-Id: caller-7f3a\r\n'), 200],
  ['a page', get('/docs'), 200],
  ['the other page', get('/redoc'), 200],
  ['a small file of a page', get('/docs/page.css'), 200],
  ['a large file of a page', get('/redoc/bundle.js'), 200],
  ['a file that is not there', get('/docs/nope.css'), 404],
  ['a stream', get('/events'), 200],
  ['a simulation', post('Content-Length: 26\r\n', '{"cpu":"1m","seconds":0.1}'), 200],
  ['after a go-ahead', post('Expect: 100-continue\r\nContent-Length: 26\r\n', '{"cpu":"1m","seconds":0.1}'), 200],
  ['no path', get('/nope'), 404],
  ['no method', get('/', 'Content-Length: 0\r\n', 'PUT'), 405],
  ['a preflight', get('/', 'Origin: http://b\r\n', 'OPTIONS'), 405],
  ['the asterisk', get('*', '', 'OPTIONS'), 404],
  ['a target too long', get(`/${'a'.repeat(3000)}`), 414],
  ['a target that cannot be read', get('/simulations/%zz'), 400],
  ['too many headers', get('/', 'X: y\r\n'.repeat(100)), 431],
  ['headers too large', get('/', `X: ${'a'.repeat(20_000)}\r\n`), 431],
  ['two hosts', get('/', HOST), 400],
  ['another version', `GET / HTTP/2.0\r\n${HOST}\r\n`, 505],
  ['no HTTP', 'G\0T\r\n\r\n', 400],
  ['a proxy', `CONNECT a:1 HTTP/1.1\r\n${HOST}\r\n`, 405],
  ['half a JSON text', post('Content-Length: 1\r\n', '{'), 400],
  ['a wrong body', post('Content-Length: 14\r\n', '{"seconds":-1}'), 422],
  ['another type', get('/simulate-cpu', 'Content-Type: text/plain\r\nContent-Length: 0\r\n', 'POST'), 415],
  ['a body too large', post('Content-Length: 99999\r\n', ''), 413],
  ['a body that breaks', post('Transfer-Encoding: chunked\r\n', 'zz\r\n'), 400],
  ['another coding', post('Transfer-Encoding: gzip, chunked\r\n', '0\r\n\r\n'), 501],
  ['another expectation', post('Expect: magic\r\nContent-Length: 2\r\n', '{}'), 417],
  ['no such simulation', get('/simulations/sim-0'), 404],
];

/** Of the answer, behind a go-ahead if there is one. */
async function headOf(test: TestContext, url: string, bytes: string): Promise<string> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  test.after(() => socket.destroy());
  let received = '';
  socket.setEncoding('latin1').on('data', (text) => {
    received += text;
  });
  socket.on('error', () => {});
  socket.write(bytes);
  return until('the head is here', () => {
    const answer = received.replace('HTTP/1.1 100 Continue\r\n\r\n', '');
    return answer.includes('\r\n\r\n') ? answer.split('\r\n\r\n')[0] : undefined;
  });
}

/** Each name once, with what every answer has among them. */
async function assertWhole(test: TestContext, url: string, bytes: string, status: number): Promise<void> {
  const [line = '', ...headers] = (await headOf(test, url, bytes)).split('\r\n');
  assert.match(line, new RegExp(`^HTTP/1.1 ${status} `));
  const names = headers.map((header) => header.slice(0, header.indexOf(':')).toLowerCase());
  assert.deepEqual(names.filter((name) => EACH_ONCE.includes(name)).toSorted(), EACH_ONCE);
  assert.deepEqual(names.toSorted(), [...new Set(names)].toSorted());
}

describe('the head of an answer', () => {
  for (const [what, bytes, status] of ANSWERS) {
    it(`has what every answer has, once: ${what} (${status})`, async (test) => {
      const { url } = await startInProcess(test);
      await assertWhole(test, url, bytes, status);
    });
  }
});

describe('the head of an answer, on a Node that makes heads in another way', () => {
  /** Takes the first line alone, so that what is put behind it is lost. */
  function pretend(test: TestContext): void {
    const { _storeHeader: store } = ServerResponse.prototype;
    const takesOneLine = function (this: ServerResponse, firstLine: string, headers: unknown) {
      store.call(this, `${firstLine.split('\r\n')[0]}\r\n`, headers);
    };
    test.mock.method(ServerResponse.prototype, '_storeHeader', takesOneLine);
  }

  for (const [what, bytes, status] of ANSWERS) {
    it(`has what every answer has, once: ${what} (${status})`, async (test) => {
      pretend(test);
      const { url } = await startInProcess(test);
      await assertWhole(test, url, bytes, status);
    });
  }

  it('is said once in the log, and the service starts', async (test) => {
    pretend(test);
    const { log, ask } = await startInProcess(test);
    assert.equal((await ask('/ready')).status, 200);
    assert.equal(log.filter(({ level, msg }) => level === 'warn' && /response headers/.test(msg)).length, 1);
  });

  it('ends its connection where the others do', async (test) => {
    pretend(test);
    const { url } = await startInProcess(test);
    for (const bytes of [get('/', HOST), get('/health', 'Connection: close\r\n')]) {
      const { text, closed } = await exchanged(test, url, bytes + get('/health'));
      assert.match(text, /^connection: close\r$/im);
      // What stands behind it is not answered.
      assert.equal(text.match(/^HTTP\/1\.1 /gm)?.length, 1);
      assert.ok(closed);
    }
  });
});

async function exchanged(test: TestContext, url: string, bytes: string) {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  test.after(() => socket.destroy());
  let text = '';
  socket.setEncoding('latin1').on('data', (more) => {
    text += more;
  });
  socket.on('error', () => {});
  socket.write(bytes);
  await until('the server has closed it', () => socket.readableEnded);
  return { text, closed: socket.readableEnded };
}
