/** Attacks on what watches: names that would become series, and secrets that would become text. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { startCollector } from '#test/support/collector.ts';
import { randomOf } from '#test/support/random.ts';
import { seed } from '#test/support/schema-arbitrary.ts';
import { until } from '#test/support/until.ts';
import { freePorts } from './support/ports.ts';
import { RawConnection } from './support/raw-connection.ts';
import { Replica } from './support/replica.ts';

const REQUESTS = 100_000;
const AT_ONCE = 20;

/** As in the metrics text: name and labels, without the value. */
const seriesOf = (text: string) =>
  text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.replace(/ [^ ]+$/, ''));

const METHODS = [
  'GET',
  'POST',
  'PUT',
  'DELETE',
  'PATCH',
  'OPTIONS',
  'TRACE',
  'PROPFIND',
  'MKCOL',
  'LOCK',
  'PURGE',
  'QUERY',
  'BREW',
];

function randomRequest(random: () => number): string {
  const word = () => random().toString(36).slice(2);
  const method = METHODS[Math.floor(random() * METHODS.length)];
  const path = ['', 'simulations/', 'docs/', 'simulate-cpu/', 'metrics/'][Math.floor(random() * 5)];
  return `${method} /${path}${word()}/${word()}?${word()}=${word()} HTTP/1.1\r\nHost: ${word()}\r\nX-${word()}: ${word()}\r\nUser-Agent: ${word()}\r\nX-Request-Id: ${word()}\r\nTraceparent: 00-${word()}\r\n\r\n`;
}

async function replicaOf(
  test: import('node:test').TestContext,
  settings: Record<string, string>,
  nodeOptions: string[] = [],
) {
  const [port = 0] = await freePorts(1);
  const logFile = join(mkdtempSync(join(tmpdir(), 'skyops-attack-')), 'log');
  const replica = new Replica({ port, logFile, settings, nodeOptions });
  test.after(() => replica.kill());
  await replica.start();
  return { replica, logFile };
}

describe('an attack on what watches', () => {
  it(`${REQUESTS} random paths, methods and headers add no series, and the scrape stays small and fast`, {
    timeout: 300_000,
  }, async (test) => {
    const { replica } = await replicaOf(test, {});
    const scrape = async () => {
      const started = performance.now();
      const text = await (await fetch(`${replica.url}/metrics`)).text();
      return { text, ms: performance.now() - started };
    };
    const chosenSeed = seed();
    test.diagnostic(`seed ${chosenSeed}; FUZZ_SEED=${chosenSeed} repeats it`);
    const random = randomOf(chosenSeed);
    const attack = async (count: number) => {
      let left = count;
      const hands = Array.from({ length: AT_ONCE }, async () => {
        let connection = new RawConnection(replica.port);
        while (left > 0) {
          left -= 1;
          const { closes } = await connection.ask(randomRequest(random));
          if (!closes) continue;
          connection.close();
          connection = new RawConnection(replica.port);
        }
        connection.close();
      });
      await Promise.all(hands);
    };
    // The first thousand meet every series that can be, and the first scrape its own.
    await attack(1000);
    await scrape();
    const before = new Set(seriesOf((await scrape()).text));
    await attack(REQUESTS);
    const scrapes = [];
    for (let count = 0; count < 21; count += 1) scrapes.push(await scrape());
    const after = seriesOf(scrapes.at(-1)?.text ?? '');
    // The kinds of garbage collection are four, and come as they happen.
    assert.deepEqual(
      after.filter((series) => !before.has(series) && !series.startsWith('nodejs_gc_')),
      [],
    );
    const bytes = scrapes.at(-1)?.text.length ?? 0;
    const times = scrapes.map(({ ms }) => ms).toSorted((a, b) => a - b);
    test.diagnostic(`${after.length} series, ${bytes} bytes, scrape ${times[10]?.toFixed(1)} ms (median of 21)`);
    assert.ok(bytes < 65_536, `${bytes} bytes`);
    assert.ok((times[10] ?? 0) < 20, `a scrape takes ${times[10]} ms`);
  });

  it('secrets that come in by any way go out by none', { timeout: 60_000 }, async (test) => {
    const canary = (where: string) => `canary-${where}-5f3a`;
    const collector = await startCollector(test);
    const { replica, logFile } = await replicaOf(
      test,
      {
        SKYOPS_LOG_LEVEL: 'trace',
        SKYOPS_TRUST_TRACEPARENT: 'true',
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
        OTEL_EXPORTER_OTLP_HEADERS: `authorization=${canary('collector')}`,
        AWS_SECRET_ACCESS_KEY: canary('env'),
        DATABASE_URL: `postgres://u:${canary('url')}@db/x`,
      },
      [`--title=${canary('argv')}`],
    );
    const said: string[] = [];
    const headers = {
      authorization: `Bearer ${canary('bearer')}`,
      cookie: `session=${canary('cookie')}`,
      'x-api-key': canary('key'),
      'user-agent': canary('agent'),
      referer: `http://x/?t=${canary('referer')}`,
      'x-forwarded-for': canary('forwarded'),
      'x-request-id': `${canary('id')} not well formed`,
      'content-type': 'application/json',
      'idempotency-key': `"${canary('idempotency')}"`,
    };
    const paths = [
      '/',
      '/health?verbose',
      '/ready?verbose',
      '/status',
      '/metrics',
      '/openapi.json',
      '/docs',
      '/simulations',
      `/simulations/${canary('path')}`,
      `/${canary('unknown')}`,
    ];
    for (const path of paths) {
      const answer = await fetch(`${replica.url}${path}${path.includes('?') ? '&' : '?'}token=${canary('query')}`, {
        headers,
      });
      said.push(await answer.text(), JSON.stringify([...answer.headers]));
    }
    const bodies = [
      `{"seconds":"${canary('body')}"}`,
      `{"${canary('field')}":1}`,
      canary('broken'),
      `{"cpu":"${canary('cpu')}"}`,
      '{"cpu":"10m","seconds":0.2}',
    ];
    for (const body of bodies) {
      const answer = await fetch(`${replica.url}/simulate-cpu?token=${canary('query')}`, {
        method: 'POST',
        headers,
        body,
      });
      said.push(await answer.text(), JSON.stringify([...answer.headers]));
    }
    const events = new RawConnection(replica.port);
    events.send(
      `GET /events?token=${canary('query')} HTTP/1.1\r\nHost: a\r\nAuthorization: ${canary('bearer')}\r\n\r\n`,
    );
    const broken = new RawConnection(replica.port);
    said.push((await broken.ask(`GET /${canary('raw')} HTTP/9.9\r\nX: ${canary('raw')}\r\n\r\n`)).body);
    await fetch(`${replica.url}/simulate-cpu`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"cpu":"10m","seconds":1.2}',
    });
    await until('the events tell of the simulation', () => events.received.includes('event: simulation-ended'));
    said.push(events.received);
    events.close();
    // What all of that has left behind.
    for (const path of ['/metrics', '/status', '/simulations', '/ready?verbose']) {
      const answer = await fetch(`${replica.url}${path}`);
      said.push(await answer.text(), JSON.stringify([...answer.headers]));
    }
    replica.signal('SIGTERM');
    await replica.exited();
    said.push(readFileSync(logFile, 'utf8'));
    assert.ok(collector.spans.length > paths.length + bodies.length, 'hardly anything was exported');
    // The two that a span is for, by OpenTelemetry's conventions: which path, and which program asked.
    const permitted = { 'url.path': '', 'user_agent.original': '' };
    for (const span of collector.spans)
      said.push(JSON.stringify({ ...span, attributes: { ...span.attributes, ...permitted } }));
    const canariesIn = (text: string) => [...text.matchAll(/.{0,60}canary-[a-z]+-5f3a.{0,30}/g)].map(([each]) => each);
    const found = canariesIn(said.join('\n'));
    // The control: one that got out would be found.
    assert.equal(canariesIn([...said, `{"token":"${canary('query')}"}`].join('\n')).length, found.length + 1);
    assert.deepEqual(found, []);
    assert.ok(readFileSync(logFile, 'utf8').includes('request'), 'the log was read');
  });
});
