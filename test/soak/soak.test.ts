/** A long time under load of every kind: memory, file descriptors, threads and timers stay as they are. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { type Churn, startChurn } from '#test/reliability/support/churn.ts';
import { startReportingReplica } from '#test/reliability/support/heap-report.ts';
import { seed } from '#test/support/schema-arbitrary.ts';
import { until } from '#test/support/until.ts';

const MINUTES = Number(process.env['SOAK_MINUTES'] ?? 5);
/** More keys than are kept; the last 100 simulations and 256 events are full long before. */
const KEYS = 2100;
const FILLING_AT_ONCE = 8;
/** By then the kept keys, reports and events are full. */
const WARM_UP_REQUESTS = 900_000;
const MEASURED_REQUESTS = 600_000;
const PERIOD_SECONDS = 10;
/** 0.004 of 1.5 million requests (measured). One pointer kept for each connection would be 0.016, one for each request 8. */
const MOST_MIB_PER_MILLION = 0.02;

type Reading = {
  readonly requests: number;
  /** What the program holds. */
  readonly programMib: number;
  /** The same with all that V8 holds for itself. */
  readonly heapMib: number;
  readonly rssMib: number;
  readonly files: number;
  readonly threads: number;
  readonly timers: number;
};

/** Fills the store of Idempotency-Keys: by the load alone it would take seven minutes. With simulations that end as those of the load do: other reports are smaller. */
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

type Reporting = Awaited<ReturnType<typeof startReportingReplica>>;

async function read({ replica, report, programBytes }: Reporting, churn: Churn): Promise<Reading> {
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
    programMib: programBytes() / 2 ** 20,
    heapMib: heapUsed / 2 ** 20,
    rssMib: rss / 2 ** 20,
    files,
    threads: count('task'),
    timers,
  };
}

it(`${MINUTES} minutes of everything leave nothing behind`, {
  timeout: (MINUTES * 180 + 300) * 1000,
}, async (test) => {
  const reporting = await startReportingReplica(test, true);
  const { port } = reporting.replica;
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
    readings.push(await read(reporting, churn));
    churn.goOn();
    const last = readings.at(-1) as Reading;
    test.diagnostic(
      `${last.requests} requests: ${last.programMib.toFixed(3)} MiB held, heap ${last.heapMib.toFixed(2)}, RSS ${last.rssMib.toFixed(0)} MiB, ${last.files} files, ${last.threads} threads, ${last.timers} timers`,
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
  const program = slopeOf(({ programMib }) => programMib);
  const heap = slopeOf(({ heapMib }) => heapMib);
  const rss = slopeOf(({ rssMib }) => rssMib);
  test.diagnostic(
    `per million requests: ${program.toFixed(4)} MiB held, heap ${heap.toFixed(3)}, RSS ${rss.toFixed(3)}; wrong answers: ${churn.wrong.length}`,
  );
  assert.deepEqual(churn.wrong.slice(0, 5), []);
  assert.ok(program <= MOST_MIB_PER_MILLION, `what is held grows by ${program} MiB per million requests`);
  const last = readings.at(-1) as Reading;
  // Fewer is no leak: a connection that has not closed yet at the first reading holds a file and a timer.
  for (const kind of ['threads', 'timers', 'files'] as const)
    assert.ok(last[kind] <= start[kind], `${start[kind]} ${kind} at first, ${last[kind]} in the end`);
});
