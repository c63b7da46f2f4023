/**
 * How exact the load is, measured from outside (/proc/PID/task/TID/schedstat of the whole process tree), against stress-ng and
 * against the algorithm of Kubernetes' resource-consumer, side by side in interleaved rounds: on a quiet machine,
 * beside a neighbour that spins on two cores, and inside a CPU quota. Prints one table and writes it with a picture to docs/bench.
 *
 * Needs Linux, root for the quota (cgroup version 1), cc and stress-ng. ROUNDS=3 SECONDS=10 are the defaults.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { drawAccuracy, type Row } from './support/accuracy-picture.ts';

const ROUNDS = Number(process.env['ROUNDS'] ?? 3);
const SECONDS = Number(process.env['SECONDS'] ?? 10);
/** What a tool may take to get going before it is measured. */
const SETTLE_MS = 700;
const QUOTA_CORES = 0.5;
const QUOTA_FOLDER = '/sys/fs/cgroup/cpu/skyops-bench';

type Tool = {
  readonly name: string;
  readonly start: (millicores: number) => Promise<() => Promise<void>>;
  readonly pids: () => number[];
};
type Result = {
  readonly errorPercent: number;
  readonly worstWindowPercent: number;
  readonly reportErrorPercent: number | null;
  readonly throttledPercent: number;
};

/** Nanoseconds on a CPU of a process, its threads and its descendants. */
function cpuNs(pids: readonly number[]): number {
  let sum = 0;
  for (const pid of withDescendants(pids)) {
    for (const tid of list(`/proc/${pid}/task`))
      sum += Number(text(`/proc/${pid}/task/${tid}/schedstat`).split(' ')[0]);
  }
  return sum;
}

function withDescendants(pids: readonly number[]): number[] {
  return pids.flatMap((pid) => {
    const children = list(`/proc/${pid}/task`).flatMap((tid) =>
      text(`/proc/${pid}/task/${tid}/children`).trim().split(' '),
    );
    return [pid, ...withDescendants(children.filter(Boolean).map(Number))];
  });
}

const list = (folder: string) => (existsSync(folder) ? readdirSync(folder) : []);
function text(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '0';
  }
}

/** Each in a session of its own, as containers are apart: Linux shares CPUs between sessions before it looks at priorities. */
function run(command: string, words: readonly string[], isLimited: boolean): ChildProcess {
  const program = isLimited
    ? ['sh', '-c', `echo $$ > ${QUOTA_FOLDER}/cgroup.procs; exec "$@"`, 'sh', command]
    : [command];
  const [first = '', ...rest] = [...program, ...words];
  return spawn(first, rest, {
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { PATH: process.env['PATH'], SKYOPS_HOST: '127.0.0.1', SKYOPS_PORT: '0', SKYOPS_DRAIN_DELAY_SECONDS: '0' },
  });
}

async function end(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit');
  // The whole session: stress-ng works in children.
  process.kill(-(child.pid ?? 0), 'SIGTERM');
  await exited;
}

function program(
  name: string,
  words: (millicores: number) => readonly (readonly string[])[],
  isLimited: boolean,
  command: string,
): Tool {
  let children: ChildProcess[] = [];
  return {
    name,
    pids: () => children.map(({ pid }) => pid ?? 0),
    start: async (millicores) => {
      children = words(millicores).map((each) => run(command, each, isLimited));
      await pause(SETTLE_MS);
      return async () => void (await Promise.all(children.map(end)));
    },
  };
}

/** SkyOps as it is deployed: the service, asked over HTTP. */
async function openSkyOps(
  isLimited: boolean,
): Promise<Tool & { close: () => Promise<void>; report: () => Promise<number> }> {
  const child = run(process.execPath, [fileURLToPath(new URL('../src/main.ts', import.meta.url))], isLimited);
  const { promise, resolve } = Promise.withResolvers<string>();
  createInterface({ input: child.stdout ?? process.stdin }).on('line', (line) => {
    const { msg, url } = JSON.parse(line) as { msg: string; url: string };
    if (msg === 'service started') resolve(url);
  });
  const url = await promise;
  await pause(2000);
  let id = '';
  const report = async () => {
    const answer = await fetch(`${url}/simulations/${id}`);
    return ((await answer.json()) as { delivered: { cores: number } }).delivered.cores;
  };
  return {
    name: 'SkyOps',
    pids: () => [child.pid ?? 0],
    start: async (millicores) => {
      const answer = await fetch(`${url}/simulations/cpu`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ cpu: `${millicores}m`, seconds: SECONDS + 30 }),
      });
      if (answer.status !== 202) throw new Error(await answer.text());
      ({ id } = (await answer.json()) as { id: string });
      await pause(SETTLE_MS);
      return async () => void (await fetch(`${url}/simulations`, { method: 'DELETE' }));
    },
    report,
    close: () => end(child),
  };
}

async function measure(tool: Tool, millicores: number, report?: () => Promise<number>): Promise<Result> {
  const stop = await tool.start(millicores);
  const target = millicores / 1000;
  const start = performance.now();
  const first = cpuNs(tool.pids());
  const [throttledBefore, periodsBefore] = throttledPeriods();
  let [lastAt, last] = [start, first];
  let worst = 0;
  for (let second = 1; second <= SECONDS; second += 1) {
    await pause(start + second * 1000 - performance.now());
    const [at, now] = [performance.now(), cpuNs(tool.pids())];
    worst = Math.max(worst, Math.abs((now - last) / 1e6 / (at - lastAt) / target - 1) * 100);
    [lastAt, last] = [at, now];
  }
  const cores = (last - first) / 1e6 / (lastAt - start);
  const [throttled, periods] = throttledPeriods();
  const reported = report === undefined ? null : await report();
  await stop();
  await pause(300);
  return {
    errorPercent: (cores / target - 1) * 100,
    worstWindowPercent: worst,
    reportErrorPercent: reported === null ? null : (reported / cores - 1) * 100,
    throttledPercent: (100 * (throttled - throttledBefore)) / Math.max(1, periods - periodsBefore),
  };
}

/** One neighbour that spins on two cores. It and each tool are a session of their own, so that one core is the fair share of each. */
function spinNeighbour(): () => Promise<void> {
  const child = run('sh', ['-c', '(while :; do :; done) & while :; do :; done'], false);
  return () => end(child);
}

function setQuota(): void {
  mkdirSync(QUOTA_FOLDER, { recursive: true });
  writeFileSync(`${QUOTA_FOLDER}/cpu.cfs_period_us`, '100000');
  writeFileSync(`${QUOTA_FOLDER}/cpu.cfs_quota_us`, String(QUOTA_CORES * 100_000));
}

function throttledPeriods(): readonly [throttled: number, all: number] {
  const stat = text(`${QUOTA_FOLDER}/cpu.stat`);
  const value = (name: string) => Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(stat)?.[1] ?? 0);
  return [value('nr_throttled'), value('nr_periods')];
}

const median = (values: readonly number[]) =>
  values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)] ?? Number.NaN;

/** All tools at all amounts, in turns, `ROUNDS` times; gives one row for each tool at each amount. */
async function scene(
  name: string,
  amounts: readonly number[],
  isLimited: boolean,
  rivals: readonly Tool[],
): Promise<Row[]> {
  const skyops = await openSkyOps(isLimited);
  const results = new Map<string, Result[]>();
  for (let round = 1; round <= ROUNDS; round += 1) {
    for (const millicores of amounts) {
      for (const tool of [skyops, ...rivals]) {
        const key = `${millicores} ${tool.name}`;
        const result = await measure(tool, millicores, tool === skyops ? skyops.report : undefined);
        results.set(key, [...(results.get(key) ?? []), result]);
        console.error(
          `${name}, round ${round} of ${ROUNDS}: ${millicores}m ${tool.name} ${result.errorPercent.toFixed(2)} %`,
        );
      }
    }
  }
  await skyops.close();
  return [...results].map(([key, all]) => {
    const [millicores = '', ...tool] = key.split(' ');
    const errors = all.map(({ errorPercent }) => errorPercent);
    const reports = all.flatMap(({ reportErrorPercent }) =>
      reportErrorPercent === null ? [] : [Math.abs(reportErrorPercent)],
    );
    return {
      scene: name,
      millicores: Number(millicores),
      tool: tool.join(' '),
      errorPercent: median(errors),
      leastPercent: Math.min(...errors),
      mostPercent: Math.max(...errors),
      worstWindowPercent: median(all.map(({ worstWindowPercent }) => worstWindowPercent)),
      reportErrorPercent: reports.length > 0 ? Math.max(...reports) : null,
      throttledPercent: isLimited ? Math.max(...all.map(({ throttledPercent }) => throttledPercent)) : null,
    };
  });
}

function tableOf(rows: readonly Row[]): string {
  const lines = rows.map((row) => {
    const rivals = rows.filter(({ scene: name, millicores }) => name === row.scene && millicores === row.millicores);
    const best = Math.min(...rivals.map(({ errorPercent }) => Math.abs(errorPercent)));
    const wins = Math.abs(row.errorPercent) === best ? ' **best**' : '';
    const signed = (value: number) => `${value >= 0 ? '+' : '−'}${Math.abs(value).toFixed(2)}`;
    return `| ${row.scene} | ${row.millicores}m | ${row.tool} | ${signed(row.errorPercent)} [${signed(row.leastPercent)} … ${signed(row.mostPercent)}]${wins} | ${row.worstWindowPercent.toFixed(1)} | ${row.reportErrorPercent?.toFixed(2) ?? ''} | ${row.throttledPercent?.toFixed(1) ?? ''} |`;
  });
  return [
    `| where | asked | tool | error over ${SECONDS} s, %: median [rounds] | worst second, % | report against outside, % | throttled periods, % |`,
    '| --- | --- | --- | --- | --- | --- | --- |',
    ...lines,
  ].join('\n');
}

const folder = mkdtempSync(join(tmpdir(), 'skyops-bench-'));
const consumer = join(folder, 'resource-consumer');
const source = fileURLToPath(new URL('rivals/resource-consumer.c', import.meta.url));
for (const [command, words] of [
  ['cc', ['-O2', '-o', consumer, source]],
  ['stress-ng', ['--version']],
] as const) {
  if (spawnSync(command, words).status !== 0) throw new Error(`${command} is needed: apt-get install gcc stress-ng`);
}
const rivalsOf = (isLimited: boolean) => [
  program(
    'stress-ng',
    (m) => [['--cpu', m > 1000 ? '2' : '1', '--cpu-load', String(m / (m > 1000 ? 20 : 10)), '--quiet']],
    isLimited,
    'stress-ng',
  ),
  // Above one core it takes a second process, as the original starts one consumer for each whole part.
  program(
    'resource-consumer',
    (m) => (m > 1000 ? [[String(m / 2)], [String(m / 2)]] : [[String(m)]]),
    isLimited,
    consumer,
  ),
];

const rows = await scene('quiet', [50, 250, 500, 1000, 1500, 2000], false, rivalsOf(false));
const quieten = spinNeighbour();
rows.push(...(await scene('beside two spinning processes', [250, 500, 1000], false, rivalsOf(false))));
await quieten();
if (
  process.getuid?.() === 0 &&
  existsSync('/sys/fs/cgroup/cpu/cpu.cfs_quota_us') !== existsSync('/sys/fs/cgroup/cgroup.controllers')
) {
  setQuota();
  rows.push(...(await scene('quota of 500m', [400], true, rivalsOf(true))));
  rmdirSync(QUOTA_FOLDER);
} else {
  console.error('No cgroup version 1 to be root of: the quota is left out.');
}

const table = tableOf(rows);
console.log(table);
const output = new URL('../docs/bench/', import.meta.url);
mkdirSync(output, { recursive: true });
writeFileSync(new URL('load-accuracy.md', output), `${table}\n`);
writeFileSync(
  new URL('load-accuracy.svg', output),
  drawAccuracy(rows.filter(({ scene: name }) => name !== 'quota of 500m')),
);
