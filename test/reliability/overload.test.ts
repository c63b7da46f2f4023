/** More clients than the service can serve at its best, for a while: it goes on as fast as before, and is itself again at once. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { it, type TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { hasTool } from '#test/support/tool.ts';
import { freePorts } from './support/ports.ts';
import { RawConnection } from './support/raw-connection.ts';
import { Replica } from './support/replica.ts';

/** As many clients as keep one thread busy without a pause. */
const BUSY = 32;
/** Ten times as many, all of them on connections that are kept. */
const OVERLOAD = 10 * BUSY;
const PEAK_SECONDS = 4;
const OVERLOAD_SECONDS = Number(process.env['OVERLOAD_SECONDS'] ?? 15);
/** Who falls over under overload serves a small part; 0.95 and 0.97 were measured, but a neighbour on this machine may take a third of one of the three. */
const LEAST_GOODPUT = 0.5;
const RECOVERY_MS = 2000;
/** What 320 connections may take; without a bound their requests would pile up by the hundred MiB. */
const MOST_GROWTH_BYTES = 128 * 2 ** 20;

type Load = { readonly requestsPerSecond: number; readonly isClean: boolean };

/** wrk asks on each connection as soon as it has its answer. */
async function load(test: TestContext, url: string, connections: number, seconds: number): Promise<Load> {
  const wrk = spawn('wrk', ['-t1', `-c${connections}`, `-d${seconds}s`, '--timeout', '10s', `${url}/`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  test.after(() => wrk.kill('SIGKILL'));
  const report = await text(wrk.stdout);
  const [, rate = 'NaN'] = /Requests\/sec:\s+([\d.]+)/.exec(report) ?? [];
  return { requestsPerSecond: Number(rate), isClean: !/Non-2xx|Socket errors/.test(report) };
}

function residentBytes(pid: number): number {
  return 1024 * Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}

it('ten times more clients than it takes to keep it busy: no answer is lost, none is wrong, and it is as fast as before', {
  timeout: 180_000,
}, async (test) => {
  if (!hasTool(test, 'wrk')) return;
  const [port = 0] = await freePorts(1);
  const replica = new Replica({ port, logFile: join(mkdtempSync(join(tmpdir(), 'skyops-overload-')), 'log') });
  test.after(() => replica.kill());
  await replica.start();
  const before = await load(test, replica.url, BUSY, PEAK_SECONDS);
  const quietBytes = residentBytes(replica.pid);

  let mostBytes = 0;
  let longestProbeMs = 0;
  let isOver = false;
  const probing = (async () => {
    while (!isOver) {
      const asked = performance.now();
      // On a connection of its own, as the kubelet asks.
      const probe = new RawConnection(port);
      assert.equal((await probe.ask('GET /health HTTP/1.1\r\nHost: a\r\n\r\n')).status, 200);
      probe.close();
      longestProbeMs = Math.max(longestProbeMs, performance.now() - asked);
      mostBytes = Math.max(mostBytes, residentBytes(replica.pid));
      await pause(250);
    }
  })();
  const during = await load(test, replica.url, OVERLOAD, OVERLOAD_SECONDS);
  isOver = true;
  await probing;
  const overMs = performance.now();
  const first = await fetch(`${replica.url}/ready`, { headers: { connection: 'close' } });
  assert.equal(first.status, 200);
  const recoveryMs = performance.now() - overMs;
  const after = await load(test, replica.url, BUSY, PEAK_SECONDS);

  // The machine is shared: what it gave to both of the others is what counts.
  const peak = Math.min(before.requestsPerSecond, after.requestsPerSecond);
  const goodput = during.requestsPerSecond / peak;
  test.diagnostic(
    `${goodput.toFixed(2)} of the peak with ${OVERLOAD} instead of ${BUSY} clients; the slowest probe took ${longestProbeMs.toFixed(0)} ms, the first one after it ${recoveryMs.toFixed(0)} ms; ${((mostBytes - quietBytes) / 2 ** 20).toFixed(1)} MiB more`,
  );
  assert.ok(before.isClean && during.isClean && after.isClean, 'an answer was lost or wrong');
  assert.ok(goodput >= LEAST_GOODPUT, `${goodput} of the peak`);
  // The kubelet waits for a second by default.
  assert.ok(longestProbeMs < 1000, `a probe took ${longestProbeMs} ms`);
  assert.ok(recoveryMs < RECOVERY_MS, `${recoveryMs} ms until it was ready again`);
  assert.ok(mostBytes - quietBytes < MOST_GROWTH_BYTES, `${mostBytes - quietBytes} bytes more`);
});
