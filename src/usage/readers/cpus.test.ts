import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { describe, it, type TestContext } from 'node:test';
import { missing } from '#test/support/chromium.ts';
import { makeFileTree } from '#test/support/file-tree.ts';
import { countCpus } from './cpus.ts';

const status = (list: string) => `Name:\tnode\nCpus_allowed:\tff\nCpus_allowed_list:\t${list}\nMems_allowed_list:\t0\n`;

function count(test: TestContext, list: string, online?: string, node = 1) {
  return countCpus(
    makeFileTree(test, {
      'proc/self/status': status(list),
      ...(online === undefined ? {} : { 'sys/devices/system/cpu/online': `${online}\n` }),
    }),
    () => node,
  );
}

describe('the CPUs that this process may run on', () => {
  it('are those of its affinity that are online', (test) => {
    assert.equal(count(test, '0-1', '0-1'), 2);
    assert.equal(count(test, '0,2,4-7', '0-15'), 6);
    assert.equal(count(test, '5', '0-15'), 1);
    // A machine that could have 128 CPUs and has 2, as many virtual machines.
    assert.equal(count(test, '0-127', '0-1'), 2);
    // CPUs 2 and 3 are switched off.
    assert.equal(count(test, '0-3', '0-1,4-7'), 2);
    assert.equal(count(test, '0-3'), 4);
    // What is online is counted anew in some containers, from 0.
    assert.equal(count(test, '9', '0-1'), 1);
    assert.equal(count(test, '6-7', '0-1'), 2);
    assert.equal(count(test, '1,3', '0-1', 2), 2);
  });

  it('are counted afresh, because a cpuset can change', (test) => {
    const root = makeFileTree(test, { 'proc/self/status': status('0-7') });
    assert.equal(
      countCpus(root, () => 1),
      8,
    );
    writeFileSync(`${root}/proc/self/status`, status('0-1'));
    assert.equal(
      countCpus(root, () => 1),
      2,
    );
  });

  it('are what Node says where the kernel does not', (test) => {
    for (const list of ['', 'garbage', '3-1', '0-', '1,,2', '9'.repeat(40)])
      assert.equal(count(test, list, undefined, 7), 7, list);
    assert.equal(countCpus(makeFileTree(test, { 'etc/hostname': 'x' })), availableParallelism());
  });

  it('follow the affinity that taskset gives', (test) => {
    let said: string;
    try {
      said = execFileSync(
        'taskset',
        [
          '-c',
          '0',
          process.execPath,
          '-e',
          `import('${new URL('./cpus.ts', import.meta.url)}').then((m) => console.log(m.countCpus()))`,
        ],
        { encoding: 'utf8' },
      );
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      return missing(test, 'taskset (util-linux) is not installed');
    }
    assert.equal(said.trim(), '1');
  });
});
