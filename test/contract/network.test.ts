/** What networks, proxies and browsers bring, served as it is. */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { describe, it, type TestContext } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { missing } from '#test/support/chromium.ts';
import { type InProcess, startInProcess } from '#test/support/in-process.ts';

/** What comes back for these bytes until the server closes or `isEnough`; with how long that took. */
function exchangeOf(url: string, bytes: string | Buffer, isEnough = (_text: string) => false) {
  const { hostname, port } = new URL(url);
  const startMs = performance.now();
  return new Promise<{ text: string; ms: number }>((resolve, reject) => {
    const socket = connect(Number(port), hostname.replace(/^\[|\]$/g, ''));
    let text = '';
    const done = () => {
      socket.destroy();
      resolve({ text, ms: performance.now() - startMs });
    };
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      if (isEnough(text)) done();
    });
    socket.on('close', done).on('error', reject);
    socket.write(bytes);
  });
}

const statusOf = (text: string) => Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1]);
const head = (...lines: readonly string[]) =>
  ['GET /health HTTP/1.1', 'Host: skyops', 'Connection: close', ...lines, '', ''].join('\r\n');

const hasIpv6 = () =>
  Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === '::1')) === true;

describe('the network', () => {
  it('is served on both families of addresses by default, and clients are logged by their plain address', async (test) => {
    if (!hasIpv6()) return missing(test, 'this machine has no IPv6');
    const service = await startInProcess(test, { SKYOPS_HOST: '' });
    const { port } = new URL(service.url);
    for (const [host, client] of [
      ['127.0.0.1', '127.0.0.1'],
      ['[::1]', '::1'],
    ] as const) {
      const { text } = await exchangeOf(`http://${host}:${port}`, head('X-Request-Id: from-family-1'));
      assert.equal(statusOf(text), 200, host);
      const line = service.log.findLast(({ msg }) => msg === 'request finished');
      assert.equal(line?.['client'], client);
    }
  });

  it('may bring header values in any encoding', async (test) => {
    const { url } = await startInProcess(test);
    for (const value of ['Île-de-France', 'Łódź', '東京', 'São Paulo', 'Đà Nẵng', 'Αθήνα', '\u{1f680}']) {
      const { text } = await exchangeOf(url, Buffer.from(head(`cf-region: ${value}`, `user-agent: ${value}`)));
      assert.equal(statusOf(text), 200, value);
    }
    // Each byte of obs-text by itself.
    for (let byte = 0x80; byte <= 0xff; byte += 1) {
      const bytes = Buffer.from(head(`X-City: a${String.fromCharCode(byte)}b`), 'latin1');
      assert.equal(statusOf((await exchangeOf(url, bytes)).text), 200, String(byte));
    }
  });

  it('may bring cookies of 9 kB, and more than a setting allows is refused with its name', async (test) => {
    const { url } = await startInProcess(test);
    const cookies = (bytes: number) => head(`Cookie: _oauth2_proxy=${'a'.repeat(bytes)}`);
    assert.equal(statusOf((await exchangeOf(url, cookies(9216))).text), 200);
    assert.equal(statusOf((await exchangeOf(url, cookies(16_000))).text), 200);
    const refused = (await exchangeOf(url, cookies(17_000))).text;
    assert.equal(statusOf(refused), 431);
    assert.match(refused, /shorter than 16384 bytes together \(SKYOPS_MAX_HEADER_BYTES\)/);
    const large = await startInProcess(test, { SKYOPS_MAX_HEADER_BYTES: '65536' });
    assert.equal(statusOf((await exchangeOf(large.url, cookies(60_000))).text), 200);
  });

  for (const line of ['GET /\r\n', 'GET /health\r\n', 'HEAD /ready\n', '\r\nGET / \r\n', 'get /\r\n']) {
    it(`answers ${JSON.stringify(line)} at once, although no version and no header follows`, async (test) => {
      const { url, log } = await startInProcess(test);
      const { text, ms } = await exchangeOf(url, line);
      assert.ok(ms < 1000, `${ms} ms`);
      assert.equal(statusOf(text), 400);
      assert.match(text, /connection: close\r\n/i);
      assert.equal(log.filter(({ msg, status }) => msg === 'request finished' && status === 400).length, 1);
    });
  }

  it('lets a head that comes in pieces come', async (test) => {
    const { url } = await startInProcess(test);
    const { hostname, port } = new URL(url);
    for (const pieces of [
      ['GET /health', ' HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'],
      ['GET /health HTTP/1.1\r\n', 'Host: a\r\nConnection: close\r\n\r\n'],
      ['G', 'ET /health HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'],
      ['\r\n', 'GET /health HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'],
      ['GET /health HTTP/1.1\r', '\nHost: a\r\nConnection: close\r\n\r\n'],
    ]) {
      const text = await new Promise<string>((resolve, reject) => {
        const socket = connect(Number(port), hostname);
        let received = '';
        socket.on('data', (chunk) => {
          received += chunk;
        });
        socket.on('close', () => resolve(received)).on('error', reject);
        socket.write(pieces[0] ?? '', () => setTimeout(() => socket.write(pieces[1] ?? ''), 50));
      });
      assert.equal(statusOf(text), 200, JSON.stringify(pieces));
    }
  });

  it('hears from every answer which replica it comes from, refusals of the connection included', async (test) => {
    const { ask, url } = await startInProcess(test, { SKYOPS_POD_NAME: 'skyops-7' });
    for (const path of ['/', '/health', '/ready', '/status', '/metrics', '/openapi.json', '/docs', '/nothing', '/%zz'])
      assert.equal((await ask(path)).headers.get('x-skyops-replica'), 'skyops-7', path);
    for (const bytes of ['GARBAGE\r\n\r\n', 'GET /\r\n', 'CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n'])
      assert.match((await exchangeOf(url, bytes)).text, /^x-skyops-replica: skyops-7\r$/m, bytes);
    const empty = (await ask('/simulations')).json;
    assert.equal(empty.replica, 'skyops-7');
    assert.match(empty.note, /ask each of them/);
    const missed = (await ask('/simulations/sim-0123456789abcdef')).json;
    assert.match(missed.detail, /^Replica skyops-7 .*several replicas/);
  });
});

async function post(service: InProcess, headers: Record<string, string>, method = 'POST', path = '/simulations/cpu') {
  const { host } = new URL(service.url);
  const lines = Object.entries({ Host: host, Connection: 'close', 'Content-Length': '0', ...headers });
  const bytes = `${method} ${path} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`;
  return (await exchangeOf(service.url, bytes)).text;
}

async function running({ ask }: InProcess): Promise<number> {
  return (await ask('/simulations')).json.simulations.filter(({ state }: { state: string }) => state === 'running')
    .length;
}

describe('a page of another site', () => {
  it('cannot start or stop anything', async (test) => {
    const service = await startInProcess(test);
    const { host } = new URL(service.url);
    await service.ask('/simulations/cpu', { body: { cpu: '1m', seconds: 60 } });
    for (const headers of [
      { 'Sec-Fetch-Site': 'cross-site', Origin: 'https://evil.example' },
      { 'Sec-Fetch-Site': 'same-site', Origin: 'http://other.example' },
      { 'Sec-Fetch-Site': 'cross-site' },
      // It is what the browser says that counts, not what stands beside it.
      { 'Sec-Fetch-Site': 'cross-site', Origin: `http://${host}` },
      { Origin: 'https://evil.example' },
      { Origin: 'null' },
      { Origin: 'http://127.0.0.1:1' },
      { Origin: 'http://localhost.evil.example' },
      { Origin: 'nonsense' },
      { Origin: 'https://evil.example', 'X-Forwarded-Host': 'skyops.example' },
      { Origin: 'https://evil.example', Forwarded: 'for=evil.example;host=skyops.example' },
      { Origin: 'https://skyops.example:8443', Host: 'skyops.example:8080' },
    ]) {
      for (const [method, path] of [
        ['POST', '/simulations/cpu'],
        ['POST', '/simulate-cpu'],
        ['DELETE', '/simulations'],
      ] as const) {
        const text = await post(service, headers as unknown as Record<string, string>, method, path);
        assert.equal(statusOf(text), 403, `${method} ${JSON.stringify(headers)}`);
        assert.match(text, /"code":"foreign-origin"/);
      }
    }
    assert.equal(await running(service), 1);
  });

  it('is not what a page of this service is, nor a program', async (test) => {
    const service = await startInProcess(test, { SKYOPS_MAX_CORES: '100', SKYOPS_MAX_SIMULATIONS: '100' });
    const { host } = new URL(service.url);
    for (const headers of [
      {},
      { 'Sec-Fetch-Site': 'same-origin', Origin: `http://${host}` },
      // The address bar, a bookmark.
      { 'Sec-Fetch-Site': 'none' },
      { Origin: `http://${host}` },
      { Origin: 'https://skyops.example', Host: 'skyops.example' },
      { Origin: 'https://skyops.example', Host: 'SkyOps.example:443' },
      // Behind a gateway that renames the host.
      { Origin: 'https://skyops.example', Host: 'skyops.default.svc', 'X-Forwarded-Host': 'skyops.example' },
      { 'Sec-Fetch-Site': 'same-origin', Origin: 'https://skyops.example', Host: 'skyops.default.svc' },
      { Origin: 'https://skyops.example', Host: 'a', 'X-Forwarded-Host': 'other.example, skyops.example' },
      { Origin: 'https://skyops.example', Host: 'a', 'X-Original-Host': 'skyops.example' },
      { Origin: 'https://skyops.example', Host: 'a', Forwarded: 'for=1.2.3.4;host="skyops.example:443", for=x' },
      // A gateway that ends TLS on another port, and names itself by the port of its scheme or by none.
      { Origin: 'https://skyops.example:8443', Host: 'skyops.example' },
      { Origin: 'http://skyops.example:8080', Host: 'a', 'X-Forwarded-Host': 'skyops.example:443' },
      { Origin: 'http://skyops.example.', Host: 'skyops.example' },
    ]) {
      const text = await post(service, headers as unknown as Record<string, string>, 'DELETE', '/simulations');
      assert.equal(statusOf(text), 200, JSON.stringify(headers));
    }
  });

  it('may be read, as every page', async (test) => {
    const service = await startInProcess(test);
    const text = await post(
      service,
      { 'Sec-Fetch-Site': 'cross-site', Origin: 'https://evil.example' },
      'GET',
      '/health',
    );
    assert.equal(statusOf(text), 200);
  });
});

describe('large answers', () => {
  const LARGE = ['/openapi.json', '/docs/bundle.js', '/docs/swagger-ui.css', '/redoc/bundle.js', '/status', '/metrics'];

  /** Not by fetch, which unpacks what it gets. */
  async function raw(test: TestContext, url: string, path: string, ...lines: readonly string[]) {
    const request = ['GET', path, 'HTTP/1.0'].join(' ');
    const { text } = await exchangeOf(url, [request, 'Host: a', ...lines, '', ''].join('\r\n'));
    const end = text.indexOf('\r\n\r\n');
    assert.ok(end > 0, path);
    test.diagnostic(`${path} ${lines.join()} ${text.length} bytes`);
    return { head: text.slice(0, end + 2), body: Buffer.from(text.slice(end + 4), 'latin1') };
  }

  it('are compressed where that is taken, and not where it is not', async (test) => {
    const { url } = await startInProcess(test);
    for (const path of LARGE) {
      const plain = await raw(test, url, path);
      const packed = await raw(test, url, path, 'Accept-Encoding: br;q=1.0, gzip;q=0.8, *;q=0.1');
      assert.doesNotMatch(plain.head, /^content-encoding/im, path);
      assert.match(packed.head, /^content-encoding: gzip\r$/im, path);
      assert.match(packed.head, /^vary: .*accept-encoding/im, path);
      assert.ok(packed.body.length < plain.body.length / 1.5, `${path} ${packed.body.length} of ${plain.body.length}`);
      if (path !== '/status' && path !== '/metrics') assert.deepEqual(gunzipSync(packed.body), plain.body, path);
      for (const refused of ['gzip;q=0', 'identity', 'identity, gzip;q=0.5', 'br', '*;q=0'])
        assert.doesNotMatch(
          (await raw(test, url, path, `Accept-Encoding: ${refused}`)).head,
          /^content-encoding/im,
          refused,
        );
    }
  });

  it('are not sent again to a client that has them', async (test) => {
    const { ask } = await startInProcess(test);
    await ask('/simulations/cpu', { body: { cpu: '1m', seconds: 0.1 }, headers: { prefer: 'wait=5' } });
    const id = (await ask('/simulations')).json.simulations[0].id;
    for (const path of [
      ...LARGE.filter((each) => !/status|metrics/.test(each)),
      '/simulations',
      `/simulations/${id}`,
    ]) {
      const { headers, text } = await ask(path);
      const etag = headers.get('etag') ?? '';
      assert.match(etag, /^W\/"[\w-]{22}"$/, path);
      for (const known of [etag, etag.slice(2), `"other", ${etag}`, '*']) {
        const again = await ask(path, { headers: { 'if-none-match': known } });
        assert.deepEqual([again.status, again.text, again.headers.get('etag')], [304, '', etag], `${path} ${known}`);
      }
      for (const unknown of ['"other"', `"x${etag.slice(3)}`]) {
        const again = await ask(path, { headers: { 'if-none-match': unknown } });
        assert.deepEqual([again.status, again.text], [200, text], `${path} ${unknown}`);
      }
      const asHead = await ask(path, { method: 'HEAD' });
      assert.equal(asHead.headers.get('etag'), etag, path);
    }
  });

  it('of metrics have the format that is asked for with the most weight', async (test) => {
    const { ask } = await startInProcess(test);
    for (const [accept, isOpenMetrics] of [
      ['*/*', false],
      ['text/html,application/xhtml+xml,*/*;q=0.8', false],
      ['application/openmetrics-text', true],
      [
        'application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2',
        true,
      ],
      [
        'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,text/plain;version=1.0.0;q=0.5,*/*;q=0.2',
        true,
      ],
      ['text/plain;q=1, application/openmetrics-text;q=0.5', false],
      ['application/openmetrics-text;q=0, */*', false],
      ['application/openmetrics-text;q=0.0', false],
      ['Application/OpenMetrics-Text', true],
      ['application/x;a="application/openmetrics-text,", text/plain', false],
    ] as const) {
      const type = (await ask('/metrics', { headers: { accept } })).headers.get('content-type') ?? '';
      assert.equal(type.startsWith('application/openmetrics-text'), isOpenMetrics, accept);
    }
  });
});
