/** The end of the process while clients do their worst: it comes in time, with the right code, and says what it cut. */
import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { missing } from '#test/support/chromium.ts';
import { until } from '#test/support/until.ts';
import { freePorts } from './support/ports.ts';
import { RawConnection } from './support/raw-connection.ts';
import { Replica, type ReplicaOptions } from './support/replica.ts';

const RUNS = Number(process.env['RUNS'] ?? 20);
const DELAY_SECONDS = 0.3;
const TIMEOUT_SECONDS = 1;
/** Beyond the deadline: cutting, the last log lines, the exit itself. */
const SLACK_MS = 500;

const READERS = 500;
const STALLED = 100;

const STREAM = 'GET /events HTTP/1.1\r\nHost: a\r\n\r\n';
const HALF_HEAD = 'GET /status HTTP/1.1\r\nHost: a\r\nX-Half:';
const HALF_BODY =
  'POST /simulate-cpu HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{';

async function replicaOf(
  test: TestContext,
  settings: Readonly<Record<string, string>> = {},
  options: Partial<ReplicaOptions> = {},
): Promise<Replica> {
  const [port = 0] = await freePorts(1);
  const replica = new Replica({
    port,
    logFile: join(mkdtempSync(join(tmpdir(), 'skyops-hostile-')), 'log'),
    settings: {
      SKYOPS_DRAIN_DELAY_SECONDS: String(DELAY_SECONDS),
      SKYOPS_DRAIN_TIMEOUT_SECONDS: String(TIMEOUT_SECONDS),
      SKYOPS_LOG_LEVEL: 'info',
      ...settings,
    },
    ...options,
  });
  test.after(() => replica.kill());
  await replica.start();
  return replica;
}

/** Connections that have sent what they will, and whose end is no error of the test. */
async function open(test: TestContext, port: number, count: number, text: string): Promise<RawConnection[]> {
  const connections = Array.from({ length: count }, () => new RawConnection(port));
  test.after(() => {
    for (const connection of connections) connection.close();
  });
  await Promise.all(connections.map((connection) => connection.connected));
  for (const connection of connections) connection.send(text);
  return connections;
}

describe('the end among hostile clients', { timeout: 600_000 }, () => {
  it(`comes within its deadline in ${RUNS} of ${RUNS} runs, and the log tells what was finished and what was cut`, {
    timeout: 600_000,
  }, async (test) => {
    const times: number[] = [];
    for (let run = 0; run < RUNS; run += 1) {
      const replica = await replicaOf(test);
      const readers = await open(test, replica.port, READERS, STREAM);
      await open(test, replica.port, STALLED, HALF_HEAD);
      await open(test, replica.port, STALLED, HALF_BODY);
      const largest = await fetch(`${replica.url}/simulations/cpu`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', connection: 'close' },
        body: JSON.stringify({ parallelism: 8, seconds: 600 }),
      });
      assert.equal(largest.status, 202);
      await until('all streams and all stalled bodies have started', async () => {
        const metrics = await (await fetch(`${replica.url}/metrics`, { headers: { connection: 'close' } })).text();
        const inFlight = Number(/^skyops_http_requests_in_flight (\d+)/m.exec(metrics)?.[1]);
        return inFlight >= STALLED + READERS;
      });
      const started = performance.now();
      replica.signal('SIGTERM');
      const code = await replica.exited();
      times.push(performance.now() - started);
      assert.equal(code, 1, 'requests were cut');
      const last = replica.log.at(-1);
      assert.equal(last?.['msg'], 'service stopped, open requests were cut');
      assert.equal(
        ((last?.['cut'] ?? []) as string[]).filter((each) => each.startsWith('POST /simulate-cpu')).length,
        STALLED,
      );
      assert.equal(last?.['cancelled_simulations'], 1);
      // What was finished: every stream was told the end, and when to come back, not all at the same moment.
      assert.ok(Number(last?.['finished_requests']) >= READERS, `${last?.['finished_requests']} finished`);
      assert.equal(readers.filter(({ received }) => received.includes('event: end')).length, READERS);
      const retries = readers.map(({ received }) => Number(/^retry: (\d+)$/m.exec(received)?.[1]));
      assert.ok(Math.min(...retries) >= 1000 && Math.max(...retries) - Math.min(...retries) > 2000, 'spread');
    }
    test.diagnostic(
      `from SIGTERM to the exit: ${Math.min(...times).toFixed(0)} to ${Math.max(...times).toFixed(0)} ms`,
    );
    const deadlineMs = (DELAY_SECONDS + TIMEOUT_SECONDS) * 1000 + SLACK_MS;
    assert.deepEqual(
      times.filter((ms) => ms > deadlineMs),
      [],
    );
  });

  it('a second signal shortens it, a third ends it at once', { timeout: 60_000 }, async (test) => {
    const patient = { SKYOPS_DRAIN_DELAY_SECONDS: '30', SKYOPS_DRAIN_TIMEOUT_SECONDS: '30' };
    for (const [signals, code, mostMs] of [
      // The hurry lasts a second; the third ends it at once.
      [2, 1, 1200 + 1000],
      [3, 130, 1200 + 400],
    ] as const) {
      const replica = await replicaOf(test, patient);
      await open(test, replica.port, 10, HALF_BODY);
      await open(test, replica.port, 10, STREAM);
      const started = performance.now();
      for (let sent = 1; sent <= signals; sent += 1) {
        replica.signal('SIGTERM');
        // Sooner, it would be taken for an echo of the first, or of the second.
        if (sent < signals) await pause(sent === 1 ? 1200 : 400);
      }
      assert.equal(await replica.exited(), code);
      const tookMs = performance.now() - started;
      assert.ok(tookMs < mostMs + SLACK_MS, `${signals} signals: ${tookMs} ms`);
    }
  });

  it('as process 1 of a pid namespace, as in a container', { timeout: 60_000 }, async (test) => {
    if (process.getuid?.() !== 0) return missing(test, 'a pid namespace needs root');
    const replica = await replicaOf(test, {}, { isFirst: true });
    await open(test, replica.port, 50, STREAM);
    await open(test, replica.port, 20, HALF_BODY);
    const started = performance.now();
    replica.signal('SIGTERM');
    const code = await replica.exited();
    assert.equal(code, 1);
    assert.ok(performance.now() - started < (DELAY_SECONDS + TIMEOUT_SECONDS) * 1000 + SLACK_MS);
    const idle = await replicaOf(test, {}, { isFirst: true });
    idle.signal('SIGTERM');
    assert.equal(await idle.exited(), 0);
  });
});
