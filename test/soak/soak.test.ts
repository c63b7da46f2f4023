/** A long time under load of every kind: memory, file descriptors, threads and timers stay as they are. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { type Churn, startChurn } from '#test/reliability/support/churn.ts';
import { type HeapReport, startReportingReplica } from '#test/reliability/support/heap-report.ts';
import type { Replica } from '#test/reliability/support/replica.ts';
import { seed } from '#test/support/schema-arbitrary.ts';
import { until } from '#test/support/until.ts';

const MINUTES = Number(process.env['SOAK_MINUTES'] ?? 5);
/** More keys than are kept; the last 100 simulations and 256 events are full long before. */
const KEYS = 2100;
/**
 * V8 still compiles, and compiles again, rare paths until about 750,000 requests: 85 of 155 kB that the heap grew before it
 * were code (by comparison of two heap snapshots), and a single reading moves by up to 55 kB for it.
 */
const WARM_UP_REQUESTS = 900_000;
/** So that 0.1 MiB per million is more than one recompilation. */
const MEASURED_REQUESTS = 600_000;
const PERIOD_SECONDS = 10;
const MOST_HEAP_MIB_PER_MILLION = 0.1;
/**
 * What grows too much is looked at for as long again, and only the second look counts then: a leak goes on, a function that V8 compiles
 * late does not.
 */
const LOOKS = 2;

type Reading = {
  readonly requests: number;
  readonly heapMib: number;
  readonly rssMib: number;
  readonly files: number;
  readonly threads: number;
  readonly timers: number;
};

/** Fills the store of Idempotency-Keys: by the load alone it would take half an hour. */
async function fillKeys(port: number): Promise<void> {
  const url = `http://127.0.0.1:${port}/simulations`;
  for (let key = 0; key < KEYS; key += 1) {
    const answer = await fetch(`${url}/cpu`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', prefer: 'respond-async', 'idempotency-key': `"filled-${key}"` },
      body: '{"cpu":"1m","seconds":60}',
    });
    assert.equal(answer.status, 202);
    const { id } = (await answer.json()) as { id: string };
    await (await fetch(`${url}/${id}`, { method: 'DELETE' })).text();
  }
}

/** Of the straight line that fits best, in units of y for each unit of x. */
function slope(points: readonly (readonly [x: number, y: number])[]): number {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const meanX = mean(points.map(([x]) => x));
  const meanY = mean(points.map(([, y]) => y));
  const above = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0);
  return above / points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
}

async function read(replica: Replica, churn: Churn, report: () => Promise<HeapReport>): Promise<Reading> {
  const count = (folder: string) => readdirSync(`/proc/${replica.pid}/${folder}`).length;
  // The last connections close, and the last lines of the log are written, a moment after the load has stopped.
  let files = -1;
  await until('no connection is left to close', async () => {
    const before = files;
    await pause(300);
    files = count('fd');
    return files === before;
  });
  const { requests } = churn;
  const { heapUsed, rss, timers } = await report();
  return {
    requests,
    heapMib: heapUsed / 2 ** 20,
    rssMib: rss / 2 ** 20,
    files,
    threads: count('task'),
    timers,
  };
}

it(`${MINUTES} minutes of everything leave nothing behind`, {
  timeout: (LOOKS * MINUTES * 180 + 300) * 1000,
}, async (test) => {
  const { replica, report } = await startReportingReplica(test);
  const { port } = replica;
  let deadline = performance.now() + MINUTES * 60_000;
  await fillKeys(port);
  const chosenSeed = seed();
  test.diagnostic(`seed ${chosenSeed}; FUZZ_SEED=${chosenSeed} repeats it`);
  const churn = startChurn(port, chosenSeed);
  while (churn.requests < WARM_UP_REQUESTS) await pause(1000);
  // Nothing may be under way while it is counted: what a request holds is no leak.
  let readings: Reading[] = [];
  const measure = async () => {
    await churn.rest();
    readings.push(await read(replica, churn, report));
    churn.goOn();
    const last = readings.at(-1) as Reading;
    test.diagnostic(
      `${last.requests} requests: heap ${last.heapMib.toFixed(2)} MiB, RSS ${last.rssMib.toFixed(0)} MiB, ${last.files} files, ${last.threads} threads, ${last.timers} timers`,
    );
  };
  const heapSlope = () => slope(readings.map(({ requests, heapMib }) => [requests / 1e6, heapMib]));
  await measure();
  const start = readings[0] as Reading;
  for (let look = 1; ; look += 1) {
    const enough = churn.requests + MEASURED_REQUESTS;
    while (performance.now() < deadline || churn.requests < enough) {
      await pause(PERIOD_SECONDS * 1000);
      await measure();
    }
    if (look === LOOKS || heapSlope() <= MOST_HEAP_MIB_PER_MILLION) break;
    test.diagnostic(`heap ${heapSlope().toFixed(3)} MiB per million requests: looked at again`);
    readings = readings.slice(-1);
    deadline += MINUTES * 60_000;
  }
  await churn.stop();
  const heap = heapSlope();
  const rss = slope(readings.map(({ requests, rssMib }) => [requests / 1e6, rssMib]));
  test.diagnostic(
    `per million requests: heap ${heap.toFixed(3)} MiB, RSS ${rss.toFixed(3)} MiB; wrong answers: ${churn.wrong.length}`,
  );
  assert.deepEqual(churn.wrong.slice(0, 5), []);
  assert.ok(heap <= MOST_HEAP_MIB_PER_MILLION, `the heap grows by ${heap} MiB per million requests`);
  const last = readings.at(-1) as Reading;
  // Fewer is no leak: a connection that has not closed yet at the first reading holds a file and a timer.
  for (const kind of ['threads', 'timers', 'files'] as const)
    assert.ok(last[kind] <= start[kind], `${start[kind]} ${kind} at first, ${last[kind]} in the end`);
});
