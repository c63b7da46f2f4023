/** Starts and stops, again and again: each is clean, and the time to readiness is written down. */
import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { freePorts } from './support/ports.ts';
import { Replica } from './support/replica.ts';

const RUNS = Number(process.env['STARTS'] ?? 40);

it(`${RUNS} starts and stops are all clean`, { timeout: 300_000 }, async (test) => {
  const [port = 0] = await freePorts(1);
  const folder = mkdtempSync(join(tmpdir(), 'skyops-starts-'));
  const settings = { SKYOPS_DRAIN_DELAY_SECONDS: '0', NODE_COMPILE_CACHE: join(folder, 'compile-cache') };
  const replica = new Replica({ port, logFile: join(folder, 'log'), settings });
  test.after(() => replica.kill());
  const toReadyMs: number[] = [];
  const toExitMs: number[] = [];
  for (let run = 0; run < RUNS; run += 1) {
    const started = performance.now();
    await replica.start();
    toReadyMs.push(performance.now() - started);
    const stopped = performance.now();
    replica.signal('SIGTERM');
    assert.equal(await replica.exited(), 0);
    toExitMs.push(performance.now() - stopped);
  }
  const shown = (values: readonly number[]) =>
    `median ${values.toSorted((a, b) => a - b)[RUNS >> 1]?.toFixed(0)} ms, longest ${Math.max(...values).toFixed(0)} ms`;
  test.diagnostic(`to ready: ${shown(toReadyMs)}; to exit: ${shown(toExitMs)}`);
  assert.deepEqual(replica.log, [], 'something was worth a warning');
});
