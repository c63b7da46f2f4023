/**
 * What else is promised of the load, each measured from outside: several simulations at once, shapes second by second, how
 * soon a start and a cancel take effect, memory, and probes beside the largest load, without a quota and under four.
 * Prints a table and writes it to docs/bench.
 *
 * Needs Linux, and root for the quotas (cgroup version 1). ROUNDS=3 and PROBES=10000 are the defaults.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { dueSeconds } from '#simulation/shape.ts';
import type { Shape } from '#simulation/shape-schema.ts';
import { quantile, spread } from './support/figures.ts';
import { cpuNs, isAnyRunning, rssBytes, simulationThreads } from './support/outside.ts';
import { openSkyOps, type SkyOps } from './support/programs.ts';
import { canLimit, removeQuota, setQuota, throttledPeriods } from './support/quota.ts';

const ROUNDS = Number(process.env['ROUNDS'] ?? 3);
const PROBES = Number(process.env['PROBES'] ?? 10_000);
const PROBE_PERIOD_MS = 10;
const STARTS = 200;
const MEBIBYTE = 1024 ** 2;

type Row = { readonly what: string; readonly bound: string; readonly measured: string; readonly isMet: boolean };

const within = (values: readonly number[], bound: number) => values.every((value) => Math.abs(value) <= bound);

async function rounds<Value>(what: string, measure: () => Promise<Value>): Promise<Value[]> {
  const results: Value[] = [];
  for (let round = 1; round <= ROUNDS; round += 1) {
    results.push(await measure());
    console.error(`${what}, round ${round} of ${ROUNDS}: ${JSON.stringify(results.at(-1))}`);
  }
  return results;
}

/** Three at the same time: their sum over the whole process, and each over its own thread. */
async function together(skyops: SkyOps): Promise<Row[]> {
  const amounts = [100, 250, 400];
  const seconds = 10;
  const results = await rounds('three at once', async () => {
    for (const millicores of amounts) await skyops.start('cpu', { cpu: `${millicores}m`, seconds: seconds + 5 });
    await pause(500);
    const start = performance.now();
    const before = { all: cpuNs([skyops.pid]), threads: simulationThreads(skyops.pid) };
    await pause(seconds * 1000);
    const passedMs = performance.now() - start;
    const all = cpuNs([skyops.pid]);
    const threads = simulationThreads(skyops.pid)
      .map(({ tid, cpuNs: now }) => now - (before.threads.find((thread) => thread.tid === tid)?.cpuNs ?? 0))
      .toSorted((a, b) => a - b)
      // The idle ones of the pool have used nothing.
      .slice(-amounts.length);
    await skyops.cancelAll();
    await pause(500);
    const percentOf = (nanoseconds: number, millicores: number) =>
      (nanoseconds / passedMs / 1000 / millicores - 1) * 100;
    return {
      sum: percentOf(all - before.all, 750),
      each: threads.map((ns, index) => percentOf(ns, amounts[index] ?? 0)),
    };
  });
  const sums = results.map(({ sum }) => sum);
  const each = results.flatMap((result) => result.each);
  return [
    {
      what: '100m + 250m + 400m at once: the sum',
      bound: 'within 1 %',
      measured: `${spread(sums)} %`,
      isMet: within(sums, 1),
    },
    {
      what: '100m + 250m + 400m at once: each of them',
      bound: 'within 2 %',
      measured: `${spread(each)} %`,
      isMet: within(each, 2),
    },
  ];
}

/** Every second of the run against the area under the curve in that second. */
async function following(skyops: SkyOps, name: string, shape: Shape): Promise<Row> {
  const seconds = 20;
  const cores = 1;
  const results = await rounds(name, async () => {
    const { started_at } = await skyops.start('cpu', { cpu: cores, seconds, shape });
    const startMs = Date.parse(started_at) - performance.timeOrigin;
    const marks: { atSeconds: number; ns: number }[] = [];
    for (let second = 0; second < seconds; second += 1) {
      await pause(Math.max(0, startMs + (second + 0.005) * 1000 - performance.now()));
      marks.push({ ns: cpuNs([skyops.pid]), atSeconds: (performance.now() - startMs) / 1000 });
    }
    await skyops.cancelAll();
    await pause(500);
    return marks.slice(1).map(({ atSeconds, ns }, index) => {
      const before = marks[index] ?? { atSeconds: 0, ns: 0 };
      const due = cores * (dueSeconds(shape, atSeconds, seconds) - dueSeconds(shape, before.atSeconds, seconds));
      return ((ns - before.ns) / 1e9 / due - 1) * 100;
    });
  });
  const errors = results.flat();
  return {
    what: `${name}: each of ${errors.length} seconds`,
    bound: 'within 3 %',
    measured: `${spread(errors)} %`,
    isMet: within(errors, 3),
  };
}

/** From the first byte of the request to the thread being on a CPU, and from there to it being off. */
async function startsAndCancels(skyops: SkyOps): Promise<Row[]> {
  const starts: number[] = [];
  const cancels: number[] = [];
  const tids = simulationThreads(skyops.pid).map(({ tid }) => tid);
  for (let index = 0; index < STARTS; index += 1) {
    const asked = performance.now();
    const started = skyops.start('cpu', { parallelism: 1, seconds: 60 });
    // Looked at between turns of the loop, which brings the answer meanwhile.
    while (!isAnyRunning(skyops.pid, tids)) await pause(0.1);
    starts.push(performance.now() - asked);
    await started;
    await pause(20 + (index % 10));
    const cancelled = performance.now();
    const over = skyops.cancelAll();
    while (isAnyRunning(skyops.pid, tids)) await pause(0.1);
    cancels.push(performance.now() - cancelled);
    await over;
    await pause(20);
  }
  const shown = (values: readonly number[]) =>
    `${quantile(values, 0.99).toFixed(1)} ms (median ${quantile(values, 0.5).toFixed(1)})`;
  return [
    {
      what: `warm start, p99 of ${STARTS}: request sent to thread on a CPU`,
      bound: '10 ms',
      measured: shown(starts),
      isMet: quantile(starts, 0.99) <= 10,
    },
    {
      what: `cancel, p99 of ${STARTS}: request sent to thread asleep`,
      bound: '50 ms',
      measured: shown(cancels),
      isMet: quantile(cancels, 0.99) <= 50,
    },
  ];
}

async function memory(skyops: SkyOps): Promise<Row[]> {
  const results = await rounds('256Mi of memory', async () => {
    const before = rssBytes(skyops.pid);
    const { id } = await skyops.start('memory', { memory: '256Mi', seconds: 6 });
    await pause(4000);
    const grown = rssBytes(skyops.pid) - before;
    await pause(2500 + 5000);
    const after = rssBytes(skyops.pid);
    const { delivered } = await skyops.read(id);
    return {
      growth: (grown / (256 * MEBIBYTE) - 1) * 100,
      back: (after / before - 1) * 100,
      report: (delivered.peak_bytes / grown - 1) * 100,
    };
  });
  const [growth, back, report] = [
    results.map((r) => r.growth),
    results.map((r) => r.back),
    results.map((r) => r.report),
  ];
  return [
    {
      what: 'memory 256Mi: growth of the resident memory',
      bound: 'within 2 %',
      measured: `${spread(growth)} %`,
      isMet: within(growth, 2),
    },
    {
      what: 'memory 256Mi: 5 s after the end, against before',
      bound: 'within 5 %',
      measured: `${spread(back)} %`,
      isMet: within(back, 5),
    },
    {
      what: 'memory 256Mi: the report against the growth',
      bound: 'within 2 %',
      measured: `${spread(report)} %`,
      isMet: within(report, 2),
    },
  ];
}

/** /health on a kept connection, one probe every 10 ms, beside the largest load that is granted. */
async function probes(quotaCores: number | null): Promise<Row> {
  if (quotaCores !== null) setQuota(quotaCores);
  const skyops = await openSkyOps(quotaCores !== null);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const probe = () => {
    const asked = performance.now();
    return new Promise<number>((resolve, reject) => {
      get(`${skyops.url}/health`, { agent }, (response) => {
        response.resume().on('end', () => resolve(performance.now() - asked));
      }).on('error', reject);
    });
  };
  // The first ones meet code that is not compiled yet.
  for (let index = 0; index < 200; index += 1) await probe();
  await skyops.start('cpu', { parallelism: 2, seconds: 3600 });
  await pause(1000);
  const periods = throttledPeriods();
  const times: number[] = [];
  const start = performance.now();
  for (let index = 0; index < PROBES; index += 1) {
    await pause(Math.max(0, start + index * PROBE_PERIOD_MS - performance.now()));
    times.push(await probe());
  }
  const now = throttledPeriods();
  agent.destroy();
  await skyops.close();
  if (quotaCores !== null) removeQuota();
  const slow = times.filter((ms) => ms > 1000).length;
  const throttled = ((100 * (now.throttled - periods.throttled)) / Math.max(1, now.all - periods.all)).toFixed(1);
  const where = quotaCores === null ? 'no quota' : `quota ${quotaCores}`;
  const row = {
    what: `/health beside the largest load, ${where}: p99 of ${PROBES}, and over 1 s`,
    bound: '20 ms, none',
    measured: `${quantile(times, 0.99).toFixed(1)} ms (median ${quantile(times, 0.5).toFixed(1)}, longest ${Math.max(...times).toFixed(0)}), ${slow}${quotaCores === null ? '' : `; ${throttled} % of periods throttled`}`,
    isMet: quantile(times, 0.99) <= 20 && slow === 0,
  };
  console.error(`${row.what}: ${row.measured}`);
  return row;
}

const skyops = await openSkyOps();
const rows = [
  ...(await together(skyops)),
  await following(skyops, 'ramp 250m to 1000m', { type: 'ramp', from: 0.25, to: 1 }),
  await following(skyops, 'sine 300m to 900m, 10 s', { type: 'sine', mean: 0.6, amplitude: 0.3, period_seconds: 10 }),
  ...(await startsAndCancels(skyops)),
  ...(await memory(skyops)),
];
await skyops.close();
for (const quota of [null, 2, 1, 0.5, 0.2]) {
  if (quota === null || canLimit()) rows.push(await probes(quota));
  else console.error(`No cgroup version 1 to be root of: the quota ${quota} is left out.`);
}

const table = [
  '| what | promised | measured | kept |',
  '| --- | --- | --- | --- |',
  ...rows.map(
    ({ what, bound, measured, isMet }) => `| ${what} | ${bound} | ${measured} | ${isMet ? 'yes' : '**no**'} |`,
  ),
].join('\n');
console.log(table);
const output = new URL('../docs/bench/', import.meta.url);
mkdirSync(output, { recursive: true });
writeFileSync(new URL('load-promises.md', output), `${table}\n`);
