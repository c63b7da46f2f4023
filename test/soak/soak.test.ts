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
const FILLING_AT_ONCE = 8;
/**
 * By then every form of an object has been seen. V8 goes on to compile for much longer, what runs once a second last
 * of all: of the 237 kB that were more after two million further requests, the kept keys left aside, 170 kB were code, 38 kB lists
 * of what depends on it (by comparison of two heap snapshots). It comes with the time, not with the requests, and ends with
 * the functions, so it is left out of the slope; closures and sources, which new functions for each request would keep too, are not.
 * The rest fills too, up to some 1.3 million requests (18.53 MiB at 0.9 million, 18.61 at 1.36, 18.62 from there to 1.77).
 */
const WARM_UP_REQUESTS = 1_300_000;
/** So that 0.1 MiB is more than what one reading differs from the next. */
const MEASURED_REQUESTS = 600_000;
const PERIOD_SECONDS = 10;
const MOST_HEAP_MIB_PER_MILLION = 0.1;

type Reading = {
  readonly requests: number;
  readonly heapMib: number;
  readonly codeMib: number;
  readonly rssMib: number;
  readonly files: number;
  readonly threads: number;
  readonly timers: number;
};

/**
 * Fills the store of Idempotency-Keys: by the load alone it would take seven minutes. With simulations that end as those of the load do: reports
 * without figures are smaller, and while those of the load took their place the heap without its code grew by 0.092 MiB per million requests, not 0.04.
 */
async function fillKeys(port: number): Promise<void> {
  let key = 0;
  const fill = async () => {
    while (key < KEYS) {
      key += 1;
      const answer = await fetch(`http://127.0.0.1:${port}/simulate-cpu`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': `"filled-${key}"` },
        body: '{"cpu":"1m","seconds":0.1}',
      });
      await answer.text();
      assert.equal(answer.status, 200);
    }
  };
  await Promise.all(Array.from({ length: FILLING_AT_ONCE }, fill));
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
  const { heapUsed, codeUsed, rss, timers } = await report();
  return {
    requests,
    heapMib: (heapUsed - codeUsed) / 2 ** 20,
    codeMib: codeUsed / 2 ** 20,
    rssMib: rss / 2 ** 20,
    files,
    threads: count('task'),
    timers,
  };
}

it(`${MINUTES} minutes of everything leave nothing behind`, {
  timeout: (MINUTES * 180 + 300) * 1000,
}, async (test) => {
  const { replica, report } = await startReportingReplica(test);
  const { port } = replica;
  const deadline = performance.now() + MINUTES * 60_000;
  await fillKeys(port);
  const chosenSeed = seed();
  test.diagnostic(`seed ${chosenSeed}; FUZZ_SEED=${chosenSeed} repeats it`);
  const churn = startChurn(port, chosenSeed);
  while (churn.requests < WARM_UP_REQUESTS) await pause(1000);
  // Nothing may be under way while it is counted: what a request holds is no leak.
  const readings: Reading[] = [];
  const measure = async () => {
    await churn.rest();
    readings.push(await read(replica, churn, report));
    churn.goOn();
    const last = readings.at(-1) as Reading;
    test.diagnostic(
      `${last.requests} requests: heap ${last.heapMib.toFixed(2)} MiB and ${last.codeMib.toFixed(2)} of code, RSS ${last.rssMib.toFixed(0)} MiB, ${last.files} files, ${last.threads} threads, ${last.timers} timers`,
    );
  };
  const slopeOf = (value: (reading: Reading) => number) =>
    slope(readings.map((reading) => [reading.requests / 1e6, value(reading)]));
  await measure();
  const start = readings[0] as Reading;
  const enough = churn.requests + MEASURED_REQUESTS;
  while (performance.now() < deadline || churn.requests < enough) {
    await pause(PERIOD_SECONDS * 1000);
    await measure();
  }
  await churn.stop();
  const heap = slopeOf(({ heapMib }) => heapMib);
  const code = slopeOf(({ codeMib }) => codeMib);
  const rss = slopeOf(({ rssMib }) => rssMib);
  test.diagnostic(
    `per million requests: heap ${heap.toFixed(3)} MiB, code ${code.toFixed(3)}, RSS ${rss.toFixed(3)}; wrong answers: ${churn.wrong.length}`,
  );
  assert.deepEqual(churn.wrong.slice(0, 5), []);
  assert.ok(heap <= MOST_HEAP_MIB_PER_MILLION, `the heap grows by ${heap} MiB per million requests`);
  const last = readings.at(-1) as Reading;
  // Fewer is no leak: a connection that has not closed yet at the first reading holds a file and a timer.
  for (const kind of ['threads', 'timers', 'files'] as const)
    assert.ok(last[kind] <= start[kind], `${start[kind]} ${kind} at first, ${last[kind]} in the end`);
});
