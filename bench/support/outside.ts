/** What the kernel says of a process from outside: CPU time, states of threads, resident memory. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';

/** Nanoseconds on a CPU of processes, all their threads and their descendants. */
export function cpuNs(pids: readonly number[]): number {
  let sum = 0;
  for (const pid of withDescendants(pids)) for (const tid of list(`/proc/${pid}/task`)) sum += threadCpuNs(pid, tid);
  return sum;
}

function threadCpuNs(pid: number, tid: string): number {
  return Number(textOf(`/proc/${pid}/task/${tid}/schedstat`).split(' ')[0]);
}

export type Thread = { readonly tid: string; readonly cpuNs: number };

/** The threads of a SkyOps that run simulations. */
export function simulationThreads(pid: number): Thread[] {
  return list(`/proc/${pid}/task`)
    .filter((tid) => textOf(`/proc/${pid}/task/${tid}/comm`).startsWith('simulation-'))
    .map((tid) => ({ tid, cpuNs: threadCpuNs(pid, tid) }));
}

/** Whether one of the threads is on a CPU or waits for one: proc(5), /proc/pid/task/tid/stat, field 3. */
export function isAnyRunning(pid: number, tids: readonly string[]): boolean {
  return tids.some((tid) => {
    const stat = textOf(`/proc/${pid}/task/${tid}/stat`);
    return stat.slice(stat.lastIndexOf(')') + 2).startsWith('R');
  });
}

export function rssBytes(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(textOf(`/proc/${pid}/status`))?.[1]) * 1024;
}

function withDescendants(pids: readonly number[]): number[] {
  return pids.flatMap((pid) => {
    const children = list(`/proc/${pid}/task`).flatMap((tid) =>
      textOf(`/proc/${pid}/task/${tid}/children`).trim().split(' '),
    );
    return [pid, ...withDescendants(children.filter(Boolean).map(Number))];
  });
}

const list = (folder: string) => (existsSync(folder) ? readdirSync(folder) : []);

/** Threads come and go between a listing and a reading; one that is gone has used nothing more. */
function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '0';
  }
}
