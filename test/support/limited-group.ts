/** A real cgroup of version 1 with limits of CPU and memory, as a container has; root can make one. */
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { missing } from './chromium.ts';
import { until } from './until.ts';

/** @returns how a program is started in it, `undefined` where no such group can be made: then the test is skipped with the reason. */
export function makeLimitedGroup(
  test: TestContext,
  { cores, memoryBytes }: { readonly cores: number; readonly memoryBytes: number },
): readonly string[] | undefined {
  const name = `skyops-test-${process.pid}`;
  const [cpu, memory] = [`/sys/fs/cgroup/cpu/${name}`, `/sys/fs/cgroup/memory/${name}`];
  if (process.getuid?.() !== 0 || !existsSync('/sys/fs/cgroup/cpu') || !existsSync('/sys/fs/cgroup/memory')) {
    missing(test, 'no cgroup version 1 to be root of');
    return undefined;
  }
  for (const folder of [cpu, memory]) mkdirSync(folder, { recursive: true });
  writeFileSync(`${cpu}/cpu.cfs_period_us`, '100000');
  writeFileSync(`${cpu}/cpu.cfs_quota_us`, String(cores * 100_000));
  writeFileSync(`${memory}/memory.limit_in_bytes`, String(memoryBytes));
  test.after(async () => {
    // A group that is not empty cannot be removed, and what a test has left in it is not needed any more.
    for (const pid of processesIn(cpu)) process.kill(pid, 'SIGKILL');
    await until('the group is empty', () => processesIn(cpu).length === 0);
    for (const folder of [cpu, memory]) rmdirSync(folder);
  });
  return ['sh', '-c', `echo $$ > ${cpu}/cgroup.procs; echo $$ > ${memory}/cgroup.procs; exec "$@"`, 'sh'];
}

const processesIn = (folder: string) =>
  readFileSync(`${folder}/cgroup.procs`, 'utf8').split('\n').filter(Boolean).map(Number);
