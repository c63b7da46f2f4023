/**
 * What a request costs, beside bare node:http, plain Fastify and FastAPI with the same body: the server pinned to one core, the load
 * (wrk, 32 connections) and whoever reads its log to the other, in interleaved rounds. Prints one table and writes it to
 * docs/bench/http-cost.md.
 *
 * Needs Linux, two cores, wrk, taskset, and python3 with venv for FastAPI (installed into .cache once; left out without it).
 * ROUNDS=5 SECONDS=3 are the defaults, ONLY=bare,skyops leaves the others out.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, mkdtempSync, openSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { fastApiWords, hasFastApi } from './support/fastapi.ts';
import { median } from './support/figures.ts';
import { freePort } from './support/free-port.ts';
import { cpuNs } from './support/outside.ts';

const ROUNDS = Number(process.env['ROUNDS'] ?? 5);
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
  readonly words: (port: number) => readonly string[];
  readonly environment: Readonly<Record<string, string>>;
};
type Run = { readonly requestsPerSecond: number; readonly cpuMicroseconds: number; readonly p99Ms: number };

const skyops = (name: string, environment: Readonly<Record<string, string>> = {}): Variant => ({
  name,
  ready: '/ready',
  words: () => [process.execPath, join(ROOT, 'src/main.ts')],
  // At debug, so that /health has its line in the log as every other request has at info.
  environment: { SKYOPS_LOG_LEVEL: 'debug', SKYOPS_DRAIN_DELAY_SECONDS: '0', SKYOPS_HOST: '127.0.0.1', ...environment },
});
const node = (name: string, file: string): Variant => ({
  name,
  ready: '/health',
  words: () => [process.execPath, join(ROOT, 'bench/rivals', file)],
  environment: {},
});
const fastapi = (name: string, middleware: string): Variant => ({
  name,
  ready: '/health',
  words: fastApiWords,
  environment: { MIDDLEWARE: middleware },
});

/** What it logs goes into a pipe that is read all the time, as the runtime of a container does. */
function pinned(core: number, words: readonly string[], environment: Readonly<Record<string, string>>): ChildProcess {
  const pipe = join(mkdtempSync(join(folder, 'log-')), 'pipe');
  execFileSync('mkfifo', [pipe]);
  spawn('taskset', ['-c', '1', 'cat', pipe], { stdio: ['ignore', 'ignore', 'inherit'] });
  // Waits until the reader is there; the reader ends with the last of those who may write.
  const log = openSync(pipe, 'w');
  const child = spawn('taskset', ['-c', String(core), ...words], {
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
  const words = ['-c', '1', 'wrk', '-t1', `-c${CONNECTIONS}`, `-d${seconds}s`, '--latency', url];
  return execFileSync('taskset', words, { encoding: 'utf8' });
}

async function measure({ name, ready, words, environment }: Variant): Promise<Run> {
  const port = await freePort();
  const settings = { ...environment, PORT: String(port), SKYOPS_PORT: String(port) };
  const child = pinned(0, words(port), settings);
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
const variants = [
  node(BARE, 'bare-http.mjs'),
  node('plain Fastify', 'plain-fastify.mjs'),
  skyops('SkyOps, everything on'),
  skyops('SkyOps, 1 % of traces exported', exporting('0.01')),
  skyops('SkyOps, 100 % of traces exported', exporting('1')),
  ...(hasFastApi() ? [fastapi('FastAPI, usual middleware', 'usual'), fastapi('FastAPI, pure ASGI', 'asgi')] : []),
].filter(({ name }) => ONLY === undefined || ONLY.some((part) => name.toLowerCase().includes(part)));

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
const bare = runs.get(BARE) ?? [];
const rows = [...runs].map(([name, all]) => {
  // Round by round: what slows the machine for a minute slows both.
  const ratios = all.map((run, index) => run.requestsPerSecond / (bare[index]?.requestsPerSecond ?? Number.NaN));
  const costs = all.map((run, index) => run.cpuMicroseconds / (bare[index]?.cpuMicroseconds ?? Number.NaN));
  return `| ${name} | ${shown(
    all.map(({ requestsPerSecond }) => requestsPerSecond),
    0,
  )} | ${shown(
    all.map(({ cpuMicroseconds }) => cpuMicroseconds),
    1,
  )} | ${shown(ratios, 2)} | ${shown(costs, 2)} | ${shown(
    all.map(({ p99Ms }) => p99Ms),
    1,
  )} |`;
});
const table = [
  '| what | requests/s: median [rounds] | CPU µs a request | requests/s over bare | CPU over bare | p99 ms |',
  '| --- | --- | --- | --- | --- | --- |',
  ...rows,
].join('\n');
console.log(table);
if (ONLY === undefined) {
  const output = new URL('../docs/bench/', import.meta.url);
  mkdirSync(output, { recursive: true });
  writeFileSync(new URL('http-cost.md', output), `${table}\n`);
}
