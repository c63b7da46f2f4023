/** When V8 collects garbage: seen in the lines that it prints about itself. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { describe, it } from 'node:test';
import { environmentOf, MAIN } from '#test/support/own-process.ts';
import { until } from '#test/support/until.ts';

/** V8 waits 8 and 30 s by default before it reduces the heap of an idle process. */
const IMPATIENT = ['--trace-gc', '--memory-reducer-delay-ms=100', '--gc-memory-reducer-start-delay-ms=100'];

describe('the heap of the process', () => {
  it('is collected once before anything is served, and not again because the service is idle', async (test) => {
    const child = spawn(process.execPath, [...IMPATIENT, MAIN], {
      env: environmentOf({ SKYOPS_DRAIN_DELAY_SECONDS: '0' }),
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    test.after(() => child.kill('SIGKILL'));
    const lines: string[] = [];
    createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
    const collections = (from: number) => lines.slice(from).filter((line) => line.includes('Mark-Compact (reduce)'));
    const started = await until('the service has started', () => {
      const index = lines.findIndex((line) => line.includes('"service started"'));
      return index < 0 ? undefined : { index, url: JSON.parse(lines[index] ?? '').url as string };
    });
    assert.notEqual(collections(0).length, 0, 'nothing was collected at the start');

    // Without the setting, two collections show within the first two seconds of this.
    const answer = await fetch(`${started.url}/simulate-cpu`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ cpu: '50m', seconds: 4 }),
    });
    assert.equal(answer.status, 200, await answer.text());
    assert.deepEqual(collections(started.index), []);
  });
});
