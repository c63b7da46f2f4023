/** Reads the limits, the usage and the throttling of this container from cgroup version 1 or 2. */
import { join } from 'node:path';
import type { Reader } from '../reader.ts';
import { at, type ControllerFiles, readFields, readNumber, readText, toNumber, usageFile } from './cgroup-files.ts';
import {
  cfsQuota,
  cpuMax,
  knownOf,
  type Limit,
  lacksDescriptor,
  memoryLimit,
  smallest,
  unreadableIn,
} from './cgroup-limits.ts';
import { locateCgroup } from './cgroup-location.ts';

/** Every value is `null` where the kernel does not say it or nothing limits it. */
export type ContainerReading = {
  readonly cgroupVersion: 1 | 2 | null;
  readonly cpuLimitCores: number | null;
  readonly cpuUsageSeconds: number | null;
  readonly cpuPeriods: number | null;
  readonly cpuThrottledPeriods: number | null;
  readonly cpuThrottledSeconds: number | null;
  readonly memoryLimitBytes: number | null;
  readonly memoryUsageBytes: number | null;
  /** Usage less inactive file cache: what the kubelet calls the working set, and what evictions go by. */
  readonly memoryWorkingSetBytes: number | null;
  readonly memoryOomKills: number | null;
  readonly pidsLimit: number | null;
  readonly pids: number | null;
} & Pressure;

/** How long some (waiting) and all (stalled) of its tasks have waited for a resource so far: Documentation/accounting/psi.rst. */
type Pressure = Readonly<Record<`${'cpu' | 'memory' | 'io'}Pressure${'Waiting' | 'Stalled'}Seconds`, number | null>>;

/**
 * The file of a limit that is there and cannot be read, or holds what the kernel never writes; absent if all is well.
 * Whoever decides must then take it that nothing is allowed: a guard closes, it does not open.
 */
type MaybeUnreadable = { readonly unreadable?: string | undefined };

/** `null` without a limit. */
type ContainerCpu = MaybeUnreadable & { readonly limitCores: number | null };

type ContainerMemory = MaybeUnreadable & {
  readonly limitBytes: number | null;
  /** What can still be taken before this container, or one of the groups around it, is at its limit; `null` without a limit. */
  readonly headroomBytes: number | null;
};

/** All of it, or only what a decision needs: each file costs the kernel some work. */
export type CgroupReader = Reader<ContainerReading> & {
  readonly cpu: () => ContainerCpu;
  readonly cpuThrottledSeconds: () => number | null;
  readonly memory: () => ContainerMemory;
};

/**
 * Finds the folders once and reads the files at every reading: a pod can be resized in place.
 * @param rootFolder where the file system begins; `/`, or a fixture in a test.
 */
export function createCgroupReader(rootFolder = '/'): CgroupReader {
  const location = locateCgroup(rootFolder);
  const cpu = at(location, 'cpu');
  let latestCpu: ContainerCpu | undefined;
  const readCpu = () => {
    const limits = cpu.folders.map(cpu.version === 2 ? cpuMax : cfsQuota);
    // What cannot be opened for want of a file descriptor is taken to be as it was: who is connected is served on.
    if (latestCpu !== undefined && limits.some(lacksDescriptor)) return latestCpu;
    latestCpu = { limitCores: smallest(limits.map(knownOf)), unreadable: cpu.hidden ?? unreadableIn(limits) };
    return latestCpu;
  };
  return {
    name: 'cgroup',
    read: () => readContainer(location, readCpu().limitCores),
    cpu: readCpu,
    cpuThrottledSeconds: () => throttledSeconds(cpu.fields('cpu.stat')),
    memory: () => readMemory(at(location, 'memory')),
  };
}

function readContainer(location: ReturnType<typeof locateCgroup>, cpuLimitCores: number | null): ContainerReading {
  const cpu = at(location, 'cpu');
  const accounting = at(location, 'cpuacct');
  const memory = at(location, 'memory');
  const pids = at(location, 'pids');

  const cpuStat = cpu.fields('cpu.stat');
  const oomControl = memory.fields(memory.version === 2 ? 'memory.events' : 'memory.oom_control');
  const usageNs = accounting.version === 1 ? accounting.number('cpuacct.usage') : null;
  // The same file in version 2: what is read twice costs twice.
  const usageStat = accounting.own === cpu.own ? cpuStat : accounting.fields('cpu.stat');
  const usageUs = accounting.version === 2 ? usageStat.get('usage_usec') : undefined;

  return {
    cgroupVersion: cpu.version ?? memory.version,
    cpuLimitCores,
    cpuUsageSeconds: usageNs !== null ? usageNs / 1e9 : usageUs !== undefined ? usageUs / 1e6 : null,
    cpuPeriods: cpuStat.get('nr_periods') ?? null,
    cpuThrottledPeriods: cpuStat.get('nr_throttled') ?? null,
    cpuThrottledSeconds: throttledSeconds(cpuStat),
    memoryLimitBytes: readMemory(memory).limitBytes,
    memoryUsageBytes: memory.number(memory.version === 2 ? 'memory.current' : 'memory.usage_in_bytes'),
    memoryWorkingSetBytes: memory.own === undefined ? null : workingSetBytes(memory.own, memory.version),
    memoryOomKills: oomControl.get('oom_kill') ?? null,
    pidsLimit: smallest(pids.folders.map((folder) => readNumber(join(folder, 'pids.max')))),
    pids: pids.number('pids.current'),
    cpuPressureWaitingSeconds: pressureSeconds(cpu, 'cpu', 'some'),
    cpuPressureStalledSeconds: pressureSeconds(cpu, 'cpu', 'full'),
    memoryPressureWaitingSeconds: pressureSeconds(cpu, 'memory', 'some'),
    memoryPressureStalledSeconds: pressureSeconds(cpu, 'memory', 'full'),
    ioPressureWaitingSeconds: pressureSeconds(cpu, 'io', 'some'),
    ioPressureStalledSeconds: pressureSeconds(cpu, 'io', 'full'),
  };
}

/** Only version 2 has it, one file for each resource beside the others; the kernel counts in microseconds. */
function pressureSeconds({ version, own }: ControllerFiles, resource: 'cpu' | 'memory' | 'io', share: 'some' | 'full') {
  if (version !== 2 || own === undefined) return null;
  const text = readText(join(own, `${resource}.pressure`));
  const total = toNumber(new RegExp(`^${share} .*\\btotal=(\\d+)$`, 'm').exec(text)?.[1] ?? '');
  return total === null ? null : total / 1e6;
}

/** Version 2 counts in microseconds, version 1 in nanoseconds. */
function throttledSeconds(cpuStat: ReadonlyMap<string, number>): number | null {
  const [microseconds, nanoseconds] = [cpuStat.get('throttled_usec'), cpuStat.get('throttled_time')];
  if (microseconds !== undefined) return microseconds / 1e6;
  return nanoseconds === undefined ? null : nanoseconds / 1e9;
}

function readMemory({ version, folders, hidden }: ControllerFiles): ContainerMemory {
  const limits = folders.map((folder) => memoryLimit(folder, version));
  const headrooms = folders.map((folder, index): Limit => {
    const limit = knownOf(limits[index] ?? null);
    if (limit === null) return null;
    const usage = usageFile(version);
    const used = readNumber(join(folder, usage));
    // Without the cache it is less than there is, which is the safe side.
    return used === null
      ? { unreadable: join(folder, usage) }
      : Math.max(0, limit - used + inactiveCacheBytes(folder, version));
  });
  return {
    limitBytes: smallest(limits.map(knownOf)),
    headroomBytes: smallest(headrooms.map(knownOf)),
    unreadable: hidden ?? unreadableIn([...limits, ...headrooms]),
  };
}

/** What the kernel cannot simply drop: all but the file cache that nobody has used for a while. */
function workingSetBytes(folder: string, version: 1 | 2 | null): number | null {
  const used = readNumber(join(folder, usageFile(version)));
  const cache = cacheBytes(folder, version);
  return used === null || cache === undefined ? null : Math.max(0, used - cache);
}

function cacheBytes(folder: string, version: 1 | 2 | null): number | undefined {
  return readFields(join(folder, 'memory.stat')).get(version === 2 ? 'inactive_file' : 'total_inactive_file');
}

/** No more than is in use: the two files are read one after the other. */
function inactiveCacheBytes(folder: string, version: 1 | 2 | null): number {
  return Math.min(cacheBytes(folder, version) ?? 0, readNumber(join(folder, usageFile(version))) ?? 0);
}
