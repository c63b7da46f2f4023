/**
 * How exact the load is, measured from outside (/proc/PID/task/TID/schedstat of the whole process tree), against stress-ng and
 * against the algorithm of Kubernetes' resource-consumer, side by side in interleaved rounds: on a quiet machine,
 * beside a neighbour that spins on two cores, and inside a CPU quota. Prints one table and writes it with a picture to docs/bench.
 *
 * Needs Linux, root for the quota (cgroup version 1), cc and stress-ng. ROUNDS=3 SECONDS=10 are the defaults.
 */
import { type ChildProcess, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { drawAccuracy } from './support/accuracy-picture.ts';
import { median } from './support/figures.ts';
import { cpuNs } from './support/outside.ts';
import { end, openSkyOps, run, type SkyOps } from './support/programs.ts';
import { canLimit, removeQuota, setQuota, throttledPeriods } from './support/quota.ts';

const ROUNDS = Number(process.env['ROUNDS'] ?? 3);
const SECONDS = Number(process.env['SECONDS'] ?? 10);
/** What a tool may take to get going before it is measured. */
const SETTLE_MS = 700;
const QUOTA_CORES = 0.5;

type Tool = {
  readonly name: string;
  readonly start: (millicores: number) => Promise<() => Promise<void>>;
  readonly pids: () => number[];
};
type Row = {
  readonly scene: string;
  readonly millicores: number;
  readonly tool: string;
  readonly errorPercent: number;
  readonly leastPercent: number;
  readonly mostPercent: number;
  readonly worstWindowPercent: number;
  readonly reportErrorPercent: { readonly median: number; readonly worst: number } | null;
  readonly throttledPercent: number | null;
};
type Result = {
  readonly errorPercent: number;
  readonly worstWindowPercent: number;
  readonly reportErrorPercent: number | null;
  readonly throttledPercent: number;
};

function program(
  name: string,
  args: (millicores: number) => readonly (readonly string[])[],
  isLimited: boolean,
  command: string,
): Tool {
  let children: ChildProcess[] = [];
  return {
    name,
    pids: () => children.map(({ pid }) => pid ?? 0),
    start: async (millicores) => {
      children = args(millicores).map((each) => run(command, each, isLimited));
      await pause(SETTLE_MS);
      return async () => void (await Promise.all(children.map(end)));
    },
  };
}

/** SkyOps among the tools, and what it says itself of the CPU time that it has used so far. */
function skyopsTool(skyops: SkyOps): Tool & { readonly reportedSeconds: () => Promise<number> } {
  let id = '';
  return {
    name: 'SkyOps',
    pids: () => [skyops.pid],
    start: async (millicores) => {
      ({ id } = await skyops.start('cpu', { cpu: `${millicores}m`, seconds: SECONDS + 30 }));
      await pause(SETTLE_MS);
      return skyops.cancelAll;
    },
    reportedSeconds: async () => (await skyops.read(id)).delivered.core_seconds,
  };
}

async function measure(tool: Tool, millicores: number, reportedSeconds?: () => Promise<number>): Promise<Result> {
  const stop = await tool.start(millicores);
  const target = millicores / 1000;
  const reportedBefore = (await reportedSeconds?.()) ?? null;
  const start = performance.now();
  const first = cpuNs(tool.pids());
  const periodsBefore = throttledPeriods();
  let [lastAt, last] = [start, first];
  let worst = 0;
  for (let second = 1; second <= SECONDS; second += 1) {
    await pause(start + second * 1000 - performance.now());
    const [at, now] = [performance.now(), cpuNs(tool.pids())];
    worst = Math.max(worst, Math.abs((now - last) / 1e6 / (at - lastAt) / target - 1) * 100);
    [lastAt, last] = [at, now];
  }
  const outsideSeconds = (last - first) / 1e9;
  const periods = throttledPeriods();
  const reported = (await reportedSeconds?.()) ?? null;
  await stop();
  await pause(300);
  return {
    errorPercent: ((outsideSeconds * 1000) / (lastAt - start) / target - 1) * 100,
    worstWindowPercent: worst,
    reportErrorPercent:
      reported === null || reportedBefore === null ? null : ((reported - reportedBefore) / outsideSeconds - 1) * 100,
    throttledPercent:
      (100 * (periods.throttled - periodsBefore.throttled)) / Math.max(1, periods.all - periodsBefore.all),
  };
}

/** One neighbour that spins on two cores. It and each tool are a session of their own, so that one core is the fair share of each. */
function spinNeighbour(): () => Promise<void> {
  const child = run('sh', ['-c', '(while :; do :; done) & while :; do :; done'], false);
  return () => end(child);
}

/** All tools at all amounts, in turns, `ROUNDS` times; gives one row for each tool at each amount. */
async function scene(
  name: string,
  amounts: readonly number[],
  isLimited: boolean,
  rivals: readonly Tool[],
): Promise<Row[]> {
  const service = await openSkyOps(isLimited);
  const skyops = skyopsTool(service);
  const results = new Map<string, Result[]>();
  for (let round = 1; round <= ROUNDS; round += 1) {
    for (const millicores of amounts) {
      for (const tool of [skyops, ...rivals]) {
        const key = `${millicores} ${tool.name}`;
        const result = await measure(tool, millicores, tool === skyops ? skyops.reportedSeconds : undefined);
        results.set(key, [...(results.get(key) ?? []), result]);
        console.error(
          `${name}, round ${round} of ${ROUNDS}: ${millicores}m ${tool.name} ${result.errorPercent.toFixed(2)} %`,
        );
      }
    }
  }
  await service.close();
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
      reportErrorPercent: reports.length > 0 ? { median: median(reports), worst: Math.max(...reports) } : null,
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
    return `| ${row.scene} | ${row.millicores}m | ${row.tool} | ${signed(row.errorPercent)} [${signed(row.leastPercent)} … ${signed(row.mostPercent)}]${wins} | ${row.worstWindowPercent.toFixed(1)} | ${row.reportErrorPercent ? `${row.reportErrorPercent.median.toFixed(2)} [${row.reportErrorPercent.worst.toFixed(2)}]` : ''} | ${row.throttledPercent?.toFixed(1) ?? ''} |`;
  });
  return [
    `| where | asked | tool | error over ${SECONDS} s, %: median [rounds] | worst second, % | report against outside, %: median [worst round] | throttled periods, % |`,
    '| --- | --- | --- | --- | --- | --- | --- |',
    ...lines,
  ].join('\n');
}

const folder = mkdtempSync(join(tmpdir(), 'skyops-bench-'));
const consumer = join(folder, 'resource-consumer');
const source = fileURLToPath(new URL('rivals/resource-consumer.c', import.meta.url));
for (const [command, args] of [
  ['cc', ['-O2', '-o', consumer, source]],
  ['stress-ng', ['--version']],
] as const) {
  if (spawnSync(command, args).status !== 0) throw new Error(`${command} is needed: apt-get install gcc stress-ng`);
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
if (canLimit()) {
  setQuota(QUOTA_CORES);
  rows.push(...(await scene('quota of 500m', [400], true, rivalsOf(true))));
  removeQuota();
} else {
  console.error('No cgroup version 1 to be root of: the quota is left out.');
}

const table = tableOf(rows);
console.log(table);
const output = new URL('../docs/bench/', import.meta.url);
mkdirSync(output, { recursive: true });
writeFileSync(new URL('load-accuracy.md', output), `${table}\n`);
writeFileSync(new URL('load-accuracy.svg', output), drawAccuracy(table));
