/** An event loop that no longer turns: the process ends by itself and says where it stood, and only then. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { startOwnProcess } from '#test/support/own-process.ts';

const IMPATIENT = { SKYOPS_STALL_TIMEOUT_SECONDS: '1.5' };
const preload = (name: string) => [`--import=${new URL(`../support/${name}.ts`, import.meta.url).href}`];

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
