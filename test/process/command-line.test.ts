/** The command line as a process: the load of `skyops simulate` is real, Ctrl-C takes it away, pipes get what they are meant to get. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { cpuSecondsOf, environmentOf, MAIN, startOwnProcess } from '#test/support/own-process.ts';
import { until } from '#test/support/until.ts';

function start(test: TestContext, args: string): ChildProcess & { readonly said: Promise<string> } {
  const child = spawn(process.execPath, [MAIN, ...args.split(' ')], {
    env: environmentOf({}),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  test.after(() => child.kill('SIGKILL'));
  return Object.assign(child, { said: text(child.stdout) });
}

async function exitCodeOf(child: ChildProcess): Promise<number | null> {
  if (child.exitCode === null) await once(child, 'exit');
  return child.exitCode;
}

describe('skyops simulate, as a process', () => {
  it('burns what its report says, and not much beside it', async (test) => {
    const child = start(test, 'simulate cpu --cpu 500m --for 4s --json');
    let used = 0;
    const watch = setInterval(() => {
      if (child.exitCode === null) used = cpuSecondsOf(child.pid ?? 0);
    }, 50);
    const { delivered, ended_because } = JSON.parse(await child.said);
    clearInterval(watch);
    assert.equal(await exitCodeOf(child), 0);
    assert.equal(ended_because, 'completed');
    // Never more than asked; a shared machine may give less.
    assert.ok(delivered.core_seconds <= 2.05 && delivered.core_seconds >= 1.5, `${delivered.core_seconds}`);
    // Start and warm-up of two threads cost up to a second of CPU time where the sources are compiled anew.
    assert.ok(used >= delivered.core_seconds - 0.2 && used <= delivered.core_seconds + 2.5, `${used} s`);
  });

  it('takes the load away at Ctrl-C and still reports', async (test) => {
    const child = start(test, 'simulate cpu --cpu 500m --for 60s --json');
    await until('it burns', () => cpuSecondsOf(child.pid ?? 0) > 1.5);
    child.kill('SIGINT');
    assert.equal(JSON.parse(await child.said).ended_because, 'cancelled');
    assert.equal(await exitCodeOf(child), 130);
  });

  it('lets another SkyOps do it, and takes that load away too', async (test) => {
    const { url, log } = await startOwnProcess(test);
    const child = start(test, `simulate cpu --cpu 200m --for 60s --json --url ${url}`);
    await until('it runs there', () => log.some(({ msg }) => msg === 'simulation started'));
    // The signal must find the command beyond its POST, which is when it has asked for the progress.
    await until('its progress was asked for', () => log.filter(({ msg }) => msg === 'request finished').length >= 2);
    child.kill('SIGINT');
    assert.equal(JSON.parse(await child.said).ended_because, 'cancelled');
    assert.equal(await exitCodeOf(child), 130);
    assert.ok(log.some(({ msg, ended_because }) => msg === 'simulation ended' && ended_because === 'cancelled'));
  });

  it('forecasts what a load makes the shipped autoscaler do, as the arithmetic says', async (test) => {
    const folder = fileURLToPath(new URL('../../k8s', import.meta.url));
    const child = start(test, `hpa --file ${folder} --load 540m --json`);
    const said = JSON.parse(await child.said);
    assert.equal(await exitCodeOf(child), 0);
    // 540m over 120m each.
    assert.equal(said.settled_replicas, 5);
    assert.equal(said.utilization_at_start, 136);
    assert.equal(said.moments.at(-1).replicas, 5);
    const names: string[] = [];
    JSON.stringify(said, (name, value: unknown) => {
      names.push(name);
      return value;
    });
    assert.deepEqual(
      names.filter((name) => !/^[a-z0-9_]*$/.test(name)),
      [],
    );
    const wrong = start(test, `hpa --file ${folder} --load 540m --min 5 --max 2`);
    assert.equal(await wrong.said, '');
    assert.equal(await exitCodeOf(wrong), 2);
  });

  it('checks a running SkyOps', async (test) => {
    const { url } = await startOwnProcess(test);
    const child = start(test, `check ${url}/ready`);
    assert.match(await child.said, /\/ready answered 200 after/);
    assert.equal(await exitCodeOf(child), 0);
  });
});
