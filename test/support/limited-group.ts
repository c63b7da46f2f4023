/** A real cgroup with limits of CPU and memory, as a container has, of whichever version the machine has; root can make one. */
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { missing } from './chromium.ts';
import { until } from './until.ts';

/** @returns how a program is started in it, `undefined` where no such group can be made: then the test is skipped with the reason. */
export function makeLimitedGroup(
  test: TestContext,
  { cores, memoryBytes }: { readonly cores: number; readonly memoryBytes: number },
): readonly string[] | undefined {
  const limits = { name: `skyops-test-${process.pid}`, quotaUs: cores * PERIOD_US, memoryBytes };
  const folders =
    process.getuid?.() !== 0
      ? undefined
      : existsSync('/sys/fs/cgroup/cgroup.controllers')
        ? makeVersion2(limits)
        : makeVersion1(limits);
  if (folders === undefined) {
    missing(test, 'no cgroup with controllers of CPU and memory to be root of');
    return undefined;
  }
  test.after(async () => {
    const [first = ''] = folders;
    // A group that is not empty cannot be removed, and what a test has left in it is not needed any more.
    for (const pid of processesIn(first)) process.kill(pid, 'SIGKILL');
    await until('the group is empty', () => processesIn(first).length === 0);
    for (const folder of folders) rmdirSync(folder);
  });
  const entering = folders.map((folder) => `echo $$ > ${folder}/cgroup.procs; `).join('');
  return ['sh', '-c', `${entering}exec "$@"`, 'sh'];
}

const PERIOD_US = 100_000;

type Limits = { readonly name: string; readonly quotaUs: number; readonly memoryBytes: number };

function makeVersion1({ name, quotaUs, memoryBytes }: Limits): readonly string[] | undefined {
  const [cpu, memory] = [`/sys/fs/cgroup/cpu/${name}`, `/sys/fs/cgroup/memory/${name}`];
  if (!existsSync('/sys/fs/cgroup/cpu') || !existsSync('/sys/fs/cgroup/memory')) return undefined;
  for (const folder of [cpu, memory]) mkdirSync(folder, { recursive: true });
  writeFileSync(`${cpu}/cpu.cfs_period_us`, String(PERIOD_US));
  writeFileSync(`${cpu}/cpu.cfs_quota_us`, String(quotaUs));
  writeFileSync(`${memory}/memory.limit_in_bytes`, String(memoryBytes));
  return [cpu, memory];
}

/** Not yet run: below the root, whose processes need not leave it before it hands its controllers on. */
function makeVersion2({ name, quotaUs, memoryBytes }: Limits): readonly string[] | undefined {
  const folder = `/sys/fs/cgroup/${name}`;
  try {
    writeFileSync('/sys/fs/cgroup/cgroup.subtree_control', '+cpu +memory');
    mkdirSync(folder, { recursive: true });
    writeFileSync(`${folder}/cpu.max`, `${quotaUs} ${PERIOD_US}`);
    writeFileSync(`${folder}/memory.max`, String(memoryBytes));
  } catch {
    return undefined;
  }
  return [folder];
}

const processesIn = (folder: string) =>
  readFileSync(`${folder}/cgroup.procs`, 'utf8').split('\n').filter(Boolean).map(Number);
