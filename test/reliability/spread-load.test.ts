/** skyops load against replicas behind HAProxy, as kube-proxy chooses: the total comes out, spread evenly, and a new replica takes its share. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { cpuSecondsOf, environmentOf, MAIN } from '#test/support/own-process.ts';
import { hasTool } from '#test/support/tool.ts';
import { until } from '#test/support/until.ts';
import { startHaproxy } from './support/balancer.ts';
import { freePorts } from './support/ports.ts';
import { Replica } from './support/replica.ts';

const TOTAL_CORES = 0.8;
const PIECE_SECONDS = 5;
/** Over which a share is measured: two pieces. */
const WINDOW_SECONDS = 10;

async function deployment(test: TestContext, count: number, settings: Readonly<Record<string, string>> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'skyops-spread-'));
  test.after(() => rmSync(folder, { recursive: true, force: true }));
  const [front = 0, ...ports] = await freePorts(count + 1);
  const replicas = ports.map(
    (port, index) =>
      new Replica({
        port,
        logFile: join(folder, `replica-${index + 1}.log`),
        settings: { SKYOPS_POD_NAME: `replica-${index + 1}`, SKYOPS_DRAIN_DELAY_SECONDS: '0', ...settings },
      }),
  );
  for (const replica of replicas) {
    await replica.start();
    test.after(() => replica.kill());
  }
  const balancer = await startHaproxy('tcp', front, ports, folder);
  test.after(() => balancer.close());
  return { replicas, balancer, url: `http://127.0.0.1:${front}` };
}

function load(test: TestContext, url: string, ...args: readonly string[]) {
  const child = spawn(process.execPath, [MAIN, 'load', '--url', url, '--json', ...args], {
    env: environmentOf({}),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  test.after(() => child.kill('SIGKILL'));
  const ended = Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  return {
    child,
    report: ended.then(([out, err, [code]]) => ({ code, err, ...(out === '' ? {} : JSON.parse(out)) })),
  };
}

/** Cores that each of them uses over a window, less what is used in the meantime by nobody's load: a few thousandths. */
async function coresOver(replicas: readonly Replica[], seconds: number): Promise<number[]> {
  const before = replicas.map(({ pid }) => cpuSecondsOf(pid));
  const startMs = performance.now();
  await pause(seconds * 1000);
  const passed = (performance.now() - startMs) / 1000;
  return replicas.map(({ pid }, index) => (cpuSecondsOf(pid) - (before[index] ?? 0)) / passed);
}

/** How many simulations each of them lists as ended. */
function endedOn(replicas: readonly Replica[]): Promise<number[]> {
  return Promise.all(
    replicas.map(async ({ url }) => {
      const { simulations } = (await (await fetch(`${url}/simulations`)).json()) as {
        simulations: { state: string }[];
      };
      return simulations.filter(({ state }) => state === 'ended').length;
    }),
  );
}

const sumOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);

describe('skyops load', { concurrency: false }, () => {
  it('burns the total to within 5 %, spread to within 15 % of even; a fourth replica takes its share within one piece', async (test) => {
    if (!hasTool(test, 'haproxy')) return;
    const { replicas, balancer, url } = await deployment(test, 4);
    const [, , , fourth] = replicas;
    await balancer.remove(fourth?.port ?? 0);
    const { report } = load(test, url, '--cpu', '800m', '--for', '40s', '--piece', `${PIECE_SECONDS}s`);
    await until('all three have ended pieces', async () => Math.min(...(await endedOn(replicas.slice(0, 3)))) >= 4);

    const three = await coresOver(replicas.slice(0, 3), WINDOW_SECONDS);
    test.diagnostic(`three replicas: ${three.map((cores) => cores.toFixed(3))} cores`);
    // From outside: what the replicas themselves use counts too, and this machine may be short of CPUs for a moment.
    assert.ok(Math.abs(sumOf(three) / TOTAL_CORES - 1) <= 0.05, `${sumOf(three)} cores of ${TOTAL_CORES}`);
    for (const cores of three) assert.ok(Math.abs(cores / (TOTAL_CORES / 3) - 1) <= 0.15, `${cores} cores of a third`);

    await balancer.add(fourth?.port ?? 0);
    await pause(PIECE_SECONDS * 1000);
    const four = await coresOver(replicas, WINDOW_SECONDS);
    test.diagnostic(`four replicas: ${four.map((cores) => cores.toFixed(3))} cores`);
    assert.ok(Math.abs(sumOf(four) / TOTAL_CORES - 1) <= 0.05, `${sumOf(four)} cores of ${TOTAL_CORES}`);
    for (const cores of four) assert.ok(Math.abs(cores / (TOTAL_CORES / 4) - 1) <= 0.15, `${cores} cores of a quarter`);

    const said = await report;
    assert.equal(said.code, 0, said.err);
    assert.equal(said.requested_core_seconds, 32);
    assert.ok(Math.abs(said.accuracy - 1) <= 0.05, `accuracy ${said.accuracy}`);
    assert.deepEqual(said.pieces.failed + said.pieces.refused, 0);
    assert.deepEqual(
      said.replicas.map(({ replica }: { replica: string }) => replica),
      ['replica-1', 'replica-2', 'replica-3', 'replica-4'],
    );
  });

  it('takes the load away at Ctrl-C, everywhere and at once', async (test) => {
    if (!hasTool(test, 'haproxy')) return;
    const { replicas, url } = await deployment(test, 2);
    const { child, report } = load(test, url, '--cpu', '400m', '--for', '60s');
    const runningOn = async (replica: Replica) =>
      (
        (await (await fetch(`${replica.url}/simulations`)).json()) as { simulations: { state: string }[] }
      ).simulations.filter(({ state }) => state === 'running').length;
    const running = async () => sumOf(await Promise.all(replicas.map(runningOn)));
    await until('all pieces run', async () => (await running()) === 8);
    child.kill('SIGINT');
    await until('nothing runs', async () => (await running()) === 0, 2000);
    assert.equal((await report).code, 130);
  });

  it('goes on over a replica that drains: its pieces are taken over by the others', async (test) => {
    if (!hasTool(test, 'haproxy')) return;
    const { replicas, balancer, url } = await deployment(test, 3);
    const { report } = load(test, url, '--cpu', '600m', '--for', '20s', '--piece', '4s');
    await until('all three have ended pieces', async () => Math.min(...(await endedOn(replicas))) >= 2);
    await balancer.remove(replicas[0]?.port ?? 0);
    replicas[0]?.signal('SIGTERM');
    assert.equal(await replicas[0]?.exited(), 0);
    const said = await report;
    assert.equal(said.code, 0, JSON.stringify(said));
    assert.ok(Math.abs(said.accuracy - 1) <= 0.05, `accuracy ${said.accuracy}`);
  });

  it('says that a total is more than its replicas can burn, and exits with 3', async (test) => {
    if (!hasTool(test, 'haproxy')) return;
    const { url } = await deployment(test, 1, { SKYOPS_MAX_CORES: '0.2' });
    const said = await load(test, url, '--cpu', '500m', '--for', '6s', '--piece', '2s').report;
    assert.equal(said.code, 3, said.err);
    assert.ok(said.delivered_core_seconds <= 0.2 * 6 * 1.02, `${said.delivered_core_seconds}`);
    assert.ok(said.pieces.refused > 0);
    assert.match(said.err, /did not come out/);
  });

  it('says that nobody answers, or nobody that it knows, and starts nothing', async (test) => {
    const [port = 0] = await freePorts(1);
    const said = await load(test, `http://127.0.0.1:${port}`, '--cpu', '500m', '--for', '1s').report;
    assert.equal(said.code, 1);
    assert.match(said.err, /did not answer: ECONNREFUSED.*skyops check/);
  });
});
