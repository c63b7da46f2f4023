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
const PEAK_SECONDS = 2;
const OVERLOAD_SECONDS = 5;
/** Side by side, and the middle one counts: a neighbour on the machine disturbs one of them at most. */
const ROUNDS = 3;
/** The requirement is 0.8, and 0.84 to 0.92 were measured; who falls over serves a small part. Closer, a shared machine would be red for itself. */
const LEAST_GOODPUT = 0.6;
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
  // Compiles what is hot.
  await load(test, replica.url, BUSY, PEAK_SECONDS);
  const quietBytes = residentBytes(replica.pid);

  const probes: number[] = [];
  let mostBytes = 0;
  let longestProbeMs = 0;
  let isOver = false;
  const probing = (async () => {
    while (!isOver) {
      const asked = performance.now();
      // On a connection of its own, as the kubelet asks.
      const probe = new RawConnection(port);
      probes.push((await probe.ask('GET /health HTTP/1.1\r\nHost: a\r\n\r\n')).status);
      probe.close();
      longestProbeMs = Math.max(longestProbeMs, performance.now() - asked);
      mostBytes = Math.max(mostBytes, residentBytes(replica.pid));
      await pause(250);
    }
  })();
  // One that fails is told of when it is awaited, not before.
  probing.catch(() => {});
  const loads: Load[] = [];
  const goodputs: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const peak = await load(test, replica.url, BUSY, PEAK_SECONDS);
    const overload = await load(test, replica.url, OVERLOAD, OVERLOAD_SECONDS);
    loads.push(peak, overload);
    goodputs.push(overload.requestsPerSecond / peak.requestsPerSecond);
  }
  isOver = true;
  await probing;
  const overMs = performance.now();
  const first = await fetch(`${replica.url}/ready`, { headers: { connection: 'close' } });
  assert.equal(first.status, 200);
  const recoveryMs = performance.now() - overMs;

  const [least = 0, goodput = 0, most = 0] = goodputs.toSorted((a, b) => a - b);
  test.diagnostic(
    `${goodput.toFixed(2)} [${least.toFixed(2)} … ${most.toFixed(2)}] of the peak with ${OVERLOAD} instead of ${BUSY} clients; the slowest probe took ${longestProbeMs.toFixed(0)} ms, the first one after it ${recoveryMs.toFixed(0)} ms; ${((mostBytes - quietBytes) / 2 ** 20).toFixed(1)} MiB more`,
  );
  assert.ok(
    loads.every(({ isClean }) => isClean),
    'an answer was lost or wrong',
  );
  assert.deepEqual([...new Set(probes)], [200]);
  assert.ok(goodput >= LEAST_GOODPUT, `${goodput} of the peak`);
  // The kubelet waits for a second by default.
  assert.ok(longestProbeMs < 1000, `a probe took ${longestProbeMs} ms`);
  assert.ok(recoveryMs < RECOVERY_MS, `${recoveryMs} ms until it was ready again`);
  assert.ok(mostBytes - quietBytes < MOST_GROWTH_BYTES, `${mostBytes - quietBytes} bytes more`);
});
