/** An event loop that no longer turns: the process ends by itself and says where it stood, and only then. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { missing } from '#test/support/chromium.ts';
import { startOwnProcess } from '#test/support/own-process.ts';
import { until } from '#test/support/until.ts';

const IMPATIENT = { SKYOPS_STALL_TIMEOUT_SECONDS: '1.5' };
const preload = (name: string) => [`--import=${new URL(`../support/${name}.ts`, import.meta.url).href}`];

/** unshare stays outside of the namespace and passes no signals on. */
const childOf = (pid: number) => Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim());

describe('an event loop that stands still', () => {
  it('in JavaScript ends the process with exit code 1, and the log names the function', async (test) => {
    const { child, log, exited } = await startOwnProcess(test, IMPATIENT, preload('spin-on-sigusr2'));
    child.kill('SIGUSR2');
    assert.deepEqual(await exited, { code: 1, signal: null });
    const last = log.at(-1);
    assert.equal(last?.level, 'fatal');
    assert.equal(last?.msg, 'the event loop stands still, exiting');
    assert.equal(last?.['stall_timeout_seconds'], 1.5);
    assert.match(String(last?.['stack']), /^aLoopWithoutEnd \(file:.*spin-on-sigusr2\.ts:3:/);
  });

  it('in native code, which nothing interrupts, has the process killed', async (test) => {
    const { child, log, exited } = await startOwnProcess(test, IMPATIENT, preload('hang-on-sigusr2'));
    child.kill('SIGUSR2');
    assert.deepEqual(await exited, { code: null, signal: 'SIGKILL' });
    assert.deepEqual(log.at(-1)?.['stack'], ['in native code']);
  });

  it('ends process 1 of a pid namespace, as in a container, in JavaScript; in native code the log says where it hangs', async (test) => {
    if (process.getuid?.() !== 0) return missing(test, 'a pid namespace needs root');
    const launcher = ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child'];
    const own = await startOwnProcess(test, IMPATIENT, preload('spin-on-sigusr2'), launcher);
    process.kill(childOf(own.pid), 'SIGUSR2');
    assert.deepEqual(await own.exited, { code: 1, signal: null });
    assert.match(String(own.log.at(-1)?.['stack']), /^aLoopWithoutEnd /);
    // What hangs in the kernel is left to the kubelet: nobody within a pid namespace can kill its process 1.
    const hanging = await startOwnProcess(test, IMPATIENT, preload('hang-on-sigusr2'), launcher);
    process.kill(childOf(hanging.pid), 'SIGUSR2');
    await until('it is told', () => hanging.log.at(-1)?.msg === 'the event loop stands still, exiting');
    assert.deepEqual(hanging.log.at(-1)?.['stack'], ['in native code']);
  });

  it('for less than the timeout is left alone, and so is a process that was stopped for longer', async (test) => {
    const { child, url } = await startOwnProcess(
      test,
      { SKYOPS_STALL_TIMEOUT_SECONDS: '6' },
      preload('block-on-sigusr2'),
    );
    child.kill('SIGUSR2');
    assert.equal((await fetch(`${url}/health`)).status, 200);
    const { child: stopped, url: stoppedUrl } = await startOwnProcess(test, IMPATIENT);
    stopped.kill('SIGSTOP');
    await pause(4000);
    stopped.kill('SIGCONT');
    for (let asked = 0; asked < 40; asked += 1) {
      assert.equal((await fetch(`${stoppedUrl}/health`)).status, 200);
      await pause(50);
    }
    assert.equal(stopped.exitCode, null);
  });
});
