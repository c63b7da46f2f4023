/** Reads the limits, the usage and the throttling of this container from cgroup version 1 or 2. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Reader } from '../reader.ts';
import { type CgroupFolders, type Controller, locateCgroup } from './cgroup-location.ts';

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
 * Version 1 writes "no limit" as the largest multiple of the page size in 63 bits. No machine has half of that,
 * so anything from there on is no limit.
 */
const NO_LIMIT_BYTES = 2 ** 62;

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
  const usageUs = accounting.version === 2 ? accounting.fields('cpu.stat').get('usage_usec') : undefined;

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

type Files = ReturnType<typeof at>;

/** Only version 2 has it, one file for each resource beside the others; the kernel counts in microseconds. */
function pressureSeconds({ version, own }: Files, resource: 'cpu' | 'memory' | 'io', share: 'some' | 'full') {
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

function readMemory({ version, folders, hidden }: Files): ContainerMemory {
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

const usageFile = (version: 1 | 2 | null) => (version === 2 ? 'memory.current' : 'memory.usage_in_bytes');

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

/** A number; nothing that limits; or the file that should say it and cannot be understood. */
type Limit = number | null | { readonly unreadable: string; readonly code?: string };

/** EMFILE is the process's own bound, ENFILE the machine's: both say nothing of the file. */
const lacksDescriptor = (limit: Limit) =>
  limit !== null && typeof limit === 'object' && ['EMFILE', 'ENFILE'].includes(limit.code ?? '');

const knownOf = (limit: Limit) => (typeof limit === 'number' ? limit : null);

function unreadableIn(limits: readonly Limit[]): string | undefined {
  for (const limit of limits) if (limit !== null && typeof limit === 'object') return limit.unreadable;
  return undefined;
}

/**
 * Reads the file of a limit. One that is missing limits nothing: the root of a hierarchy has none, nor has a group whose controller is off.
 * But where the controller is on, as another file shows, it must be there.
 */
function readLimit(
  file: string,
  isControllerOn: () => boolean,
  parse: (text: string) => number | null | undefined,
): Limit {
  let text: string;
  try {
    text = readFileSync(file, 'utf8').trim();
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    const isMissing = ['ENOENT', 'ENOTDIR'].includes(code);
    return isMissing && !isControllerOn() ? null : { unreadable: file, code };
  }
  const limit = parse(text);
  return limit === undefined ? { unreadable: file } : limit;
}

/** The kernel counts periods only where it can enforce a quota. */
const enforcesQuota = (folder: string) => () => readFields(join(folder, 'cpu.stat')).has('nr_periods');

/** cgroup-v2.rst, cpu.max: `$MAX $PERIOD` in microseconds, `max` for no limit. */
function cpuMax(folder: string): Limit {
  return readLimit(join(folder, 'cpu.max'), enforcesQuota(folder), (text) => {
    const [max = '', ...rest] = text.split(/\s+/);
    if (max === 'max') return null;
    const [period] = rest.map(toNumber);
    if (period == null || period <= 0 || rest.length !== 1) return undefined;
    const quota = toNumber(max);
    return quota === null || quota <= 0 ? undefined : quota / period;
  });
}

/** sched-bwc.rst: a quota of -1 is no limit. */
function cfsQuota(folder: string): Limit {
  const periodFile = join(folder, 'cpu.cfs_period_us');
  return readLimit(join(folder, 'cpu.cfs_quota_us'), enforcesQuota(folder), (text) => {
    if (text === '-1') return null;
    const [quota, period] = [toNumber(text), readNumber(periodFile)];
    return quota !== null && period !== null && quota > 0 && period > 0 ? quota / period : undefined;
  });
}

function memoryLimit(folder: string, version: 1 | 2 | null): Limit {
  const file = join(folder, version === 2 ? 'memory.max' : 'memory.limit_in_bytes');
  return readLimit(
    file,
    () => readNumber(join(folder, usageFile(version))) !== null,
    (text) => {
      const bytes = toNumber(text);
      if (bytes === null) return version === 2 && text === 'max' ? null : undefined;
      return bytes >= NO_LIMIT_BYTES ? null : bytes;
    },
  );
}

/** The tightest limit on the way up. */
function smallest(limits: readonly (number | null)[]): number | null {
  const known = limits.filter((limit) => limit !== null);
  return known.length === 0 ? null : Math.min(...known);
}

/** One controller's files; with nothing mounted every answer is "not known". */
function at(location: ReturnType<typeof locateCgroup>, controller: Controller) {
  const { version, folders, hidden }: CgroupFolders | { version: null; folders: []; hidden?: undefined } = location[
    controller
  ] ?? { version: null, folders: [] };
  const own = folders[0];
  return {
    version,
    own,
    folders,
    hidden,
    number: (file: string) => (own === undefined ? null : readNumber(join(own, file))),
    fields: (file: string) => (own === undefined ? new Map<string, number>() : readFields(join(own, file))),
  };
}

/** Flat keyed files: a name and a number on each line. */
function readFields(file: string): Map<string, number> {
  const fields = new Map<string, number>();
  for (const line of readText(file).split('\n')) {
    const [name, text] = line.split(/\s+/);
    const value = toNumber(text ?? '');
    if (name && value !== null) fields.set(name, value);
  }
  return fields;
}

function readNumber(file: string): number | null {
  return toNumber(readText(file).trim());
}

/** Only digits are a number, as many as 64 bits have at most. `max`, nothing, the -1 of a quota that is none, and garbage are not. */
function toNumber(text: string): number | null {
  return /^\d{1,20}$/.test(text) ? Number(text) : null;
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    // A file of a controller that is off, or one that vanished with its folder: the value is not known.
    return '';
  }
}
