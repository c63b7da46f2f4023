/** Counts the CPUs that this process may run on now, from the kernel alone: Node's own count has the CPU quota mixed in. */
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';

/**
 * Read afresh each time, because a cpuset can change while the process runs. The affinity may name CPUs that the machine does not have or
 * has switched off, so only those that are online count, as in sched_getaffinity(2).
 *
 * `os.availableParallelism()` is not used where the kernel answers: since libuv 1.49 it is the CPU quota, rounded down (libuv#4740).
 *
 * @param rootFolder where the file system begins; `/`, or a fixture in a test.
 * @param countOfNode never more than the affinity has.
 * @returns at least 1.
 */
export function countCpus(rootFolder = '/', countOfNode = availableParallelism): number {
  const allowed = /^Cpus_allowed_list:\s*(\S+)$/m.exec(readText(join(rootFolder, 'proc/self/status')))?.[1];
  const affinity = parseCpuList(allowed ?? '');
  // Not Linux, or a sandbox that does not say: Node's count is never too large.
  if (affinity === undefined) return countOfNode();
  const online = parseCpuList(readText(join(rootFolder, 'sys/devices/system/cpu/online')).trim());
  const usable = online === undefined ? affinity : affinity.intersection(online);
  // Containers with a file of their own for what is online (lxcfs, Sysbox) count from 0, and the affinity does not: what is left is then too few.
  return Math.max(1, usable.size === 0 ? affinity.size : Math.max(usable.size, countOfNode()));
}

/** No kernel has more; a longer range is garbage. */
const MOST_CPUS = 8192;

/** The kernel's "list format": `0-3,8,10-11`; `undefined` for anything else. A stride (`0-31:1/2`) is written by people, never by the kernel. */
function parseCpuList(text: string): Set<number> | undefined {
  if (!/^\d{1,4}(-\d{1,4})?(,\d{1,4}(-\d{1,4})?)*$/.test(text)) return undefined;
  const cpus = new Set<number>();
  for (const range of text.split(',')) {
    const [first = 0, last = first] = range.split('-').map(Number);
    for (let cpu = first; cpu <= Math.min(last, MOST_CPUS); cpu += 1) cpus.add(cpu);
  }
  return cpus.size === 0 ? undefined : cpus;
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    // Not there: the answer is then that nothing is known.
    return '';
  }
}
