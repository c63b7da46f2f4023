/** Three thousand clients that take for ever, of every kind: the others do not notice, and each is cut in its time. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { until } from '#test/support/until.ts';
import { freePorts } from './support/ports.ts';
import { RawConnection } from './support/raw-connection.ts';
import { Replica } from './support/replica.ts';

const EACH = 1000;
/** As declared in src/http/settings.ts, and how often Node and SkyOps look; then what a shared machine may add. */
const HEADERS_MS = 10_000;
const BODY_MS = 30_000;
const READ_MS = 30_000;
const LOOK_MS = 5000;
const LOOK_FOR_READERS_MS = 15_000;
const SLACK_MS = 3000;

const SLOW_HEADERS = 'GET /health HTTP/1.1\r\nHost: a\r\nX-Slow: ';
const SLOW_BODY =
  'POST /simulate-cpu HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n';
/** As many large answers as one packet can ask for: more than the kernel keeps for a client that does not read, the rest waits in the service. */
const PIPELINED = 'GET /openapi.json HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(200);

const openFiles = (pid: number) => readdirSync(`/proc/${pid}/fd`).length;

type Slow = { readonly connections: RawConnection[]; readonly cutAfterMs: number[] };

async function openSlow(port: number, first: string, each: string | undefined, isReader: boolean): Promise<Slow> {
  const connections: RawConnection[] = [];
  const cutAfterMs: number[] = [];
  // In batches: the kernel's queue of new connections holds 511 (Node's default backlog).
  for (let batch = 0; batch < EACH / 100; batch += 1) {
    const opened = Array.from({ length: 100 }, () => new RawConnection(port, '127.0.0.1', 120_000));
    await Promise.all(opened.map((connection) => connection.connected));
    for (const connection of opened) {
      const started = performance.now();
      if (!isReader) connection.pause();
      connection.send(first);
      void connection.closed.then(() => cutAfterMs.push(performance.now() - started));
    }
    connections.push(...opened);
  }
  if (each !== undefined) {
    const timer = setInterval(() => {
      for (const connection of connections) if (!connection.isClosed) connection.send(each);
      if (connections.every((connection) => connection.isClosed)) clearInterval(timer);
    }, 1000);
  }
  return { connections, cutAfterMs };
}

it('3,000 slow clients do not slow the probes down, and each is cut in its time', {
  timeout: 180_000,
}, async (test) => {
  const [port = 0] = await freePorts(1);
  const replica = new Replica({ port, logFile: join(mkdtempSync(join(tmpdir(), 'skyops-slow-')), 'log') });
  test.after(() => replica.kill());
  await replica.start();
  let probe = new RawConnection(port);
  const times: number[] = [];
  let isOver = false;
  const probing = (async () => {
    while (!isOver) {
      const asked = performance.now();
      const { status, closes } = await probe.ask('GET /health HTTP/1.1\r\nHost: a\r\n\r\n');
      assert.equal(status, 200);
      times.push(performance.now() - asked);
      // After some ten thousand requests a client is asked to come back on a new connection.
      if (closes) probe = new RawConnection(port);
      await pause(10);
    }
    probe.close();
  })();
  const headers = await openSlow(port, SLOW_HEADERS, 'a', true);
  const bodies = await openSlow(port, SLOW_BODY, ' ', true);
  const readers = await openSlow(port, PIPELINED, undefined, false);
  const readersOpened = performance.now();
  test.after(() => {
    for (const { connections } of [headers, bodies, readers]) for (const connection of connections) connection.close();
  });
  await until(
    'all slow senders are cut',
    () => [headers, bodies].every(({ cutAfterMs }) => cutAfterMs.length === EACH),
    90_000,
  );
  // A client that does not read does not see either that it is cut; the service has its file descriptors back.
  await until('all slow readers are cut', () => openFiles(replica.pid) < EACH / 10, 90_000);
  const readersCutMs = performance.now() - readersOpened;
  isOver = true;
  await probing;
  const p99 = times.toSorted((a, b) => a - b)[Math.floor(times.length * 0.99)] ?? 0;
  const longest = ({ cutAfterMs }: Slow) => Math.max(...cutAfterMs);
  test.diagnostic(
    `/health p99 ${p99.toFixed(1)} ms of ${times.length}; cut after at most ${(longest(headers) / 1000).toFixed(1)} s (headers), ${(longest(bodies) / 1000).toFixed(1)} s (bodies), ${(readersCutMs / 1000).toFixed(1)} s (readers)`,
  );
  for (const { connections } of [headers, bodies]) {
    // And told why, in the form of every problem.
    assert.match(connections[0]?.received ?? '', /^HTTP\/1\.1 408 .*"code":"request-timeout"/s);
  }
  assert.ok(p99 < 100, `p99 of /health ${p99} ms`);
  assert.ok(longest(headers) < HEADERS_MS + LOOK_MS + SLACK_MS);
  assert.ok(longest(bodies) < BODY_MS + LOOK_MS + SLACK_MS);
  // Seen to wait at one look, cut at the first one that long after it.
  assert.ok(readersCutMs < READ_MS + 2 * LOOK_FOR_READERS_MS + SLACK_MS);
});
