/**
 * What a start costs, beside bare node:http and FastAPI: from the start of the program to the first 200 on /health, the CPU time
 * until then and until it rests, and what it keeps resident. Interleaved rounds; one table, written to docs/bench/cold-start.md.
 *
 * Needs Linux, and python3 with venv for FastAPI (left out without it). ROUNDS=9 is the default.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, realpathSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { fastApiArgs, hasFastApi } from './support/fastapi.ts';
import { median } from './support/figures.ts';
import { freePort } from './support/free-port.ts';
import { cpuNs, rssBytes } from './support/outside.ts';

const ROUNDS = Number(process.env['ROUNDS'] ?? 9);
/** How long a start goes on after the first answer: threads that get warm, the collection of what is not needed any more. */
const REST_MS = 2500;
const ROOT = fileURLToPath(new URL('..', import.meta.url));
// The program itself: the one in node_modules/.bin is a link that a shell would have to follow.
const NODE = realpathSync(process.execPath);
const folder = mkdtempSync(join(tmpdir(), 'skyops-start-'));

type Variant = {
  readonly name: string;
  readonly args: (port: number) => readonly string[];
  readonly environment: Readonly<Record<string, string>>;
};
type Start = { readonly wallMs: number; readonly cpuMs: number; readonly allCpuMs: number; readonly rssMiB: number };

/** One attempt over a connection of its own. */
function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('GET /health HTTP/1.1\r\nHost: a\r\n\r\n'));
    socket.on('data', (chunk) => {
      resolve(chunk.toString('latin1').startsWith('HTTP/1.1 200'));
      socket.destroy();
    });
    socket.on('error', () => resolve(false));
  });
}

async function measure({ args, environment }: Variant): Promise<Start> {
  const port = await freePort();
  const [program = '', ...rest] = args(port);
  const beganMs = performance.now();
  const child = spawn(program, rest, {
    cwd: ROOT,
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { BODY: '{"status":"ok"}', PORT: String(port), SKYOPS_PORT: String(port), ...environment },
  });
  const pid = child.pid ?? 0;
  while (!(await answers(port))) await pause(1);
  const wallMs = performance.now() - beganMs;
  const cpuMs = cpuNs([pid]) / 1e6;
  await pause(REST_MS);
  const start = { wallMs, cpuMs, allCpuMs: cpuNs([pid]) / 1e6, rssMiB: rssBytes(pid) / 2 ** 20 };
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  await exited;
  return start;
}

const bundle = join(folder, 'bundle');
for (const args of [[join(ROOT, 'tools/bundle.ts'), bundle], [join(bundle, 'src/fill-code-cache.js')]])
  await once(spawn(process.execPath, args, { stdio: 'inherit' }), 'exit');
const skyops = { SKYOPS_HOST: '127.0.0.1', SKYOPS_DRAIN_DELAY_SECONDS: '0' };
/** As the Dockerfile sets it. */
const image = { ...skyops, MALLOC_ARENA_MAX: '1', MALLOC_MMAP_THRESHOLD_: '65536', MALLOC_TRIM_THRESHOLD_: '65536' };
const container = (name: string, environment: Readonly<Record<string, string>> = {}): Variant => ({
  name,
  args: () => [NODE, '--disable-sigusr1', join(bundle, 'src/main.js')],
  environment: { ...image, ...environment },
});
const BARE = 'bare node:http';
const SOURCES = 'SkyOps, its sources, no compile cache';
const variants: Variant[] = [
  { name: BARE, args: () => [NODE, join(ROOT, 'bench/rivals/bare-http.mjs')], environment: {} },
  // As many threads are kept warm as can burn at the same time: one under the limit of one core that k8s/ sets.
  container("SkyOps, the container's form, for one core", { SKYOPS_MAX_CORES: '1' }),
  container("SkyOps, the container's form, for two cores"),
  { name: SOURCES, args: () => [NODE, join(ROOT, 'src/main.ts')], environment: skyops },
  ...(hasFastApi()
    ? [{ name: 'FastAPI, usual middleware', args: fastApiArgs, environment: { MIDDLEWARE: 'usual' } }]
    : []),
];

const starts = new Map<string, Start[]>(variants.map(({ name }) => [name, []]));
for (let round = 0; round <= ROUNDS; round += 1) {
  for (const variant of variants.toSorted(() => Math.random() - 0.5)) {
    const start = await measure(variant);
    // The first round fills the cache of the file system.
    if (round > 0) starts.get(variant.name)?.push(start);
    console.error(`round ${round} of ${ROUNDS}: ${variant.name}: ${start.wallMs.toFixed(0)} ms`);
  }
}

const shown = (values: readonly number[], digits = 0) =>
  `${median(values).toFixed(digits)} [${Math.min(...values).toFixed(digits)} … ${Math.max(...values).toFixed(digits)}]`;
const bare = starts.get(BARE) ?? [];
const sources = starts.get(SOURCES) ?? [];
const rows = [...starts].map(([name, all]) => {
  const column = (read: (start: Start) => number, digits = 0) => shown(all.map(read), digits);
  const over = (reference: readonly Start[], read: (start: Start) => number) =>
    shown(
      // Round by round: what slows the machine for a minute slows both.
      all.map((start, round) => read(start) / read(reference[round] ?? start)),
      2,
    );
  const cells = [
    column(({ wallMs }) => wallMs),
    over(bare, ({ wallMs }) => wallMs),
    column(({ cpuMs }) => cpuMs),
    column(({ allCpuMs }) => allCpuMs),
    over(sources, ({ allCpuMs }) => allCpuMs),
    column(({ rssMiB }) => rssMiB),
  ];
  return `| ${name} | ${cells.join(' | ')} |`;
});
const table = [
  '| what | ms to the first 200 | over bare | CPU ms until then | CPU ms until it rests | over the sources | MiB resident at rest |',
  '| --- | --- | --- | --- | --- | --- | --- |',
  ...rows,
].join('\n');
console.log(table);
const output = new URL('../docs/bench/', import.meta.url);
mkdirSync(output, { recursive: true });
writeFileSync(new URL('cold-start.md', output), `${table}\n`);
