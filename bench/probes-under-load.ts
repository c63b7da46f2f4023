/**
 * How long /health takes while the largest load that may be granted runs, side by side with an idle service:
 * interleaved rounds, one probe every 10 ms on a kept connection. Prints median, smallest and largest of the rounds.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Agent, get } from 'node:http';
import { availableParallelism } from 'node:os';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const ROUNDS = 5;
const ROUND_SECONDS = 4;
const PERIOD_MS = 10;

const agent = new Agent({ keepAlive: true, maxSockets: 1 });

function probe(url: string): Promise<number> {
  const asked = performance.now();
  return new Promise((resolve, reject) => {
    get(`${url}/health`, { agent }, (response) => {
      response.resume();
      response.on('end', () => resolve(performance.now() - asked));
    }).on('error', reject);
  });
}

async function round(url: string): Promise<number[]> {
  const times: number[] = [];
  const start = performance.now();
  for (let index = 0; performance.now() - start < ROUND_SECONDS * 1000; index += 1) {
    const due = start + index * PERIOD_MS;
    if (due > performance.now()) await pause(due - performance.now());
    times.push(await probe(url));
  }
  return times.toSorted((a, b) => a - b);
}

const quantile = (sorted: readonly number[], ratio: number) =>
  sorted[Math.floor((sorted.length - 1) * ratio)] ?? Number.NaN;

function row(name: string, rounds: readonly (readonly number[])[]): string {
  const over = (ratio: number) => {
    const values = rounds.map((times) => quantile(times, ratio)).toSorted((a, b) => a - b);
    const [least, middle, most] = [values[0], quantile(values, 0.5), values.at(-1)].map((value) =>
      (value ?? 0).toFixed(2),
    );
    return `${middle} [${least}–${most}]`;
  };
  return `| ${name} | ${rounds.flat().length} | ${over(0.5)} | ${over(0.99)} | ${over(1)} |`;
}

const child = spawn(process.execPath, [fileURLToPath(new URL('../src/main.ts', import.meta.url))], {
  env: { PATH: process.env['PATH'], SKYOPS_HOST: '127.0.0.1', SKYOPS_PORT: '0', SKYOPS_DRAIN_DELAY_SECONDS: '0' },
  stdio: ['ignore', 'pipe', 'inherit'],
});
const { promise: started, resolve: nowStarted } = Promise.withResolvers<string>();
createInterface({ input: child.stdout }).on('line', (line) => {
  const { msg, url } = JSON.parse(line) as { msg: string; url: string };
  if (msg === 'service started') nowStarted(url);
});
const url = await started;
const cores = availableParallelism();
console.error(`${ROUNDS} rounds of ${ROUND_SECONDS} s each, idle and with ${cores} cores burning, in turns …`);

await round(url);
const idle: number[][] = [];
const loaded: number[][] = [];
for (let index = 0; index < ROUNDS; index += 1) {
  idle.push(await round(url));
  const answer = await fetch(`${url}/simulations/cpu`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ seconds: 60, parallelism: Math.min(cores, 8) }),
  });
  if (answer.status !== 202) throw new Error(await answer.text());
  await pause(500);
  loaded.push(await round(url));
  await fetch(`${url}/simulations`, { method: 'DELETE' });
  console.error(`round ${index + 1} of ${ROUNDS} done`);
}
child.kill('SIGTERM');
await once(child, 'exit');
agent.destroy();

console.log('| /health, ms: median of the rounds [least–most] | probes | p50 | p99 | slowest |');
console.log('| --- | --- | --- | --- | --- |');
console.log(row('idle', idle));
console.log(row(`${cores} cores burning`, loaded));
