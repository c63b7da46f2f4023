/**
 * What a request costs, beside bare node:http, plain Fastify and FastAPI with the same body: the server pinned to one core, the load
 * (wrk, 32 connections) and whoever reads its log to the other, in interleaved rounds. Prints one table and writes it to
 * docs/bench/http-cost.md.
 *
 * Needs Linux, two cores, wrk, taskset, and python3 with venv for FastAPI (installed into .cache once; left out without it).
 * ROUNDS=5 SECONDS=3 are the defaults, ONLY=bare,skyops leaves the others out.
 *
 * ABLATE=1 compares SkyOps with itself instead, each speed trick (src/foundation/tricks.ts) turned off by itself, in at least nine
 * rounds; the last such table is in docs/quality/speed-tricks.md. OLD=FOLDER,… compares it with other checkouts.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, mkdtempSync, openSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { tricks } from '#foundation/tricks.ts';
import { fastApiArgs, hasFastApi } from './support/fastapi.ts';
import { median } from './support/figures.ts';
import { freePort } from './support/free-port.ts';
import { cpuNs } from './support/outside.ts';

const IS_ABLATION = process.env['ABLATE'] === '1';
const OLD = process.env['OLD']?.split(',');
const LEAST_ROUNDS = IS_ABLATION ? 9 : 1;
const ROUNDS = Math.max(LEAST_ROUNDS, Number(process.env['ROUNDS'] ?? 5));
const SECONDS = Number(process.env['SECONDS'] ?? 3);
const ONLY = process.env['ONLY']?.split(',');
const CONNECTIONS = 32;
const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** A body as long as the one of /health, and the same for all. */
const BODY = '{"status":"healthy"}';
const folder = mkdtempSync(join(tmpdir(), 'skyops-http-'));

/** Before it is measured: V8 compiles what is used most meanwhile, on threads that are pinned to the same core. */
const WARM_UP_SECONDS = 2;

type Variant = {
  readonly name: string;
  /** Answers 200 when it is warm; the others are when they answer at all. */
  readonly ready: '/ready' | '/health';
  readonly args: (port: number) => readonly string[];
  readonly environment: Readonly<Record<string, string>>;
};
type Run = { readonly requestsPerSecond: number; readonly cpuMicroseconds: number; readonly p99Ms: number };

const skyops = (name: string, environment: Readonly<Record<string, string>> = {}, root = ROOT): Variant => ({
  name,
  ready: '/ready',
  args: () => [process.execPath, join(root, 'src/main.ts')],
  // At debug, so that /health has its line in the log as every other request has at info.
  environment: { SKYOPS_LOG_LEVEL: 'debug', SKYOPS_DRAIN_DELAY_SECONDS: '0', SKYOPS_HOST: '127.0.0.1', ...environment },
});
/** SkyOps without one of its tricks. */
const without = (trick: string): Variant => {
  const preload = join(ROOT, 'bench/support/without-a-trick.ts');
  const variant = skyops(`without ${trick}`, { WITHOUT_TRICK: trick });
  return { ...variant, args: () => [process.execPath, '--import', preload, join(ROOT, 'src/main.ts')] };
};
const node = (name: string, file: string): Variant => ({
  name,
  ready: '/health',
  args: () => [process.execPath, join(ROOT, 'bench/rivals', file)],
  environment: {},
});
const fastapi = (name: string, middleware: string): Variant => ({
  name,
  ready: '/health',
  args: fastApiArgs,
  environment: { MIDDLEWARE: middleware },
});

/** What it logs goes into a pipe that is read all the time, as the runtime of a container does. */
function pinned(core: number, args: readonly string[], environment: Readonly<Record<string, string>>): ChildProcess {
  const pipe = join(mkdtempSync(join(folder, 'log-')), 'pipe');
  execFileSync('mkfifo', [pipe]);
  spawn('taskset', ['-c', '1', 'cat', pipe], { stdio: ['ignore', 'ignore', 'inherit'] });
  // Waits until the reader is there; the reader ends with the last of those who may write.
  const log = openSync(pipe, 'w');
  const child = spawn('taskset', ['-c', String(core), ...args], {
    cwd: ROOT,
    stdio: ['ignore', log, 'inherit'],
    env: { PATH: process.env['PATH'], NODE_COMPILE_CACHE: join(folder, 'cache'), BODY, ...environment },
  });
  closeSync(log);
  return child;
}

async function end(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  await exited;
}

async function untilAnswering(url: string): Promise<void> {
  for (let attempt = 0; attempt < 400; attempt += 1) {
    const answer = await fetch(url).catch(() => undefined);
    if (answer?.ok) return void (await answer.text());
    await pause(25);
  }
  throw new Error(`${url} does not answer`);
}

function load(url: string, seconds: number): string {
  const args = ['-c', '1', 'wrk', '-t1', `-c${CONNECTIONS}`, `-d${seconds}s`, '--latency', url];
  return execFileSync('taskset', args, { encoding: 'utf8' });
}

async function measure({ name, ready, args, environment }: Variant): Promise<Run> {
  const port = await freePort();
  const settings = { ...environment, PORT: String(port), SKYOPS_PORT: String(port) };
  const child = pinned(0, args(port), settings);
  const url = `http://127.0.0.1:${port}/health`;
  await untilAnswering(`http://127.0.0.1:${port}${ready}`);
  load(url, WARM_UP_SECONDS);
  const before = cpuNs([child.pid ?? 0]);
  const report = load(url, SECONDS);
  const cpu = cpuNs([child.pid ?? 0]) - before;
  await end(child);
  if (/Non-2xx/.test(report)) throw new Error(`${name}: ${report}`);
  const [, count = 'NaN'] = /(\d+) requests in/.exec(report) ?? [];
  const [, rate = 'NaN'] = /Requests\/sec:\s+([\d.]+)/.exec(report) ?? [];
  const [, p99 = 'NaN', unit = 'ms'] = /99%\s+([\d.]+)(us|ms|s)/.exec(report) ?? [];
  return {
    requestsPerSecond: Number(rate),
    cpuMicroseconds: cpu / 1000 / Number(count),
    p99Ms: Number(p99) * ({ us: 0.001, ms: 1, s: 1000 }[unit] ?? 1),
  };
}

for (const command of ['wrk', 'taskset']) {
  if (spawnSync('which', [command]).status !== 0)
    throw new Error(`${command} is needed: apt-get install wrk util-linux`);
}
const collectorPort = await freePort();
const collector = pinned(1, [process.execPath, join(ROOT, 'bench/support/collector.mjs')], {
  PORT: String(collectorPort),
});
const exporting = (ratio: string) => ({
  OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${collectorPort}`,
  OTEL_TRACES_SAMPLER: 'traceidratio',
  OTEL_TRACES_SAMPLER_ARG: ratio,
});
const BARE = 'bare node:http';
/** What an ablation is compared with. */
const BASE = 'all tricks on';
const ablated = [skyops(BASE), ...Object.keys(tricks).map(without)];
const withOld = [skyops('new'), ...(OLD ?? []).map((folder) => skyops(folder, {}, folder))];
const all = [
  node(BARE, 'bare-http.mjs'),
  node('plain Fastify', 'plain-fastify.mjs'),
  skyops('SkyOps, everything on'),
  skyops('SkyOps, 1 % of traces exported', exporting('0.01')),
  skyops('SkyOps, 100 % of traces exported', exporting('1')),
  ...(hasFastApi() ? [fastapi('FastAPI, usual middleware', 'usual'), fastapi('FastAPI, pure ASGI', 'asgi')] : []),
];
const variants = (IS_ABLATION ? ablated : OLD === undefined ? all : withOld).filter(
  ({ name }) => ONLY === undefined || ONLY.some((part) => name.toLowerCase().includes(part)),
);

const runs = new Map<string, Run[]>(variants.map(({ name }) => [name, []]));
for (let round = 1; round <= ROUNDS; round += 1) {
  // In another order each time, so that nobody is always behind the same one.
  for (const variant of variants.toSorted(() => Math.random() - 0.5)) {
    const run = await measure(variant);
    runs.get(variant.name)?.push(run);
    console.error(
      `round ${round} of ${ROUNDS}: ${variant.name}: ${run.requestsPerSecond.toFixed(0)} requests/s, ${run.cpuMicroseconds.toFixed(1)} µs`,
    );
  }
}
await end(collector);

const shown = (values: readonly number[], digits: number) =>
  `${median(values).toFixed(digits)} [${Math.min(...values).toFixed(digits)} … ${Math.max(...values).toFixed(digits)}]`;
/** What others are compared with, round by round: what slows the machine for a minute slows both. */
const base = runs.get(IS_ABLATION ? BASE : OLD === undefined ? BARE : (OLD[0] ?? '')) ?? [];
const baseName = IS_ABLATION ? BASE : OLD === undefined ? 'bare' : (OLD[0] ?? '');
const rows = [...runs].map(([name, rounds]) => {
  const over = (of: (run: Run) => number) =>
    shown(
      rounds.map((run, index) => of(run) / (base[index] === undefined ? Number.NaN : of(base[index]))),
      3,
    );
  const own = (of: (run: Run) => number, digits: number) => shown(rounds.map(of), digits);
  const cells = [
    name,
    own(({ requestsPerSecond }) => requestsPerSecond, 0),
    own(({ cpuMicroseconds }) => cpuMicroseconds, 1),
    over(({ requestsPerSecond }) => requestsPerSecond),
    over(({ cpuMicroseconds }) => cpuMicroseconds),
    own(({ p99Ms }) => p99Ms, 1),
  ];
  return `| ${cells.join(' | ')} |`;
});
const table = [
  `| what | requests/s: median [rounds] | CPU µs a request | requests/s over ${baseName} | CPU over ${baseName} | p99 ms |`,
  '| --- | --- | --- | --- | --- | --- |',
  ...rows,
].join('\n');
console.log(table);
if (ONLY === undefined && !IS_ABLATION && OLD === undefined) {
  const output = new URL('../docs/bench/', import.meta.url);
  mkdirSync(output, { recursive: true });
  writeFileSync(new URL('http-cost.md', output), `${table}\n`);
}
