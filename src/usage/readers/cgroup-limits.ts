/** The limits of a cgroup, of both versions: a number, none, or a file that should say it and cannot be understood. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readFields, readNumber, toNumber, usageFile } from './cgroup-files.ts';

/**
 * Version 1 writes "no limit" as the largest multiple of the page size in 63 bits. No machine has half of that,
 * so anything from there on is no limit.
 */
const NO_LIMIT_BYTES = 2 ** 62;

/** A number; nothing that limits; or the file that should say it and cannot be understood. */
export type Limit = number | null | { readonly unreadable: string; readonly code?: string };

/** EMFILE is the process's own bound, ENFILE the machine's: both say nothing of the file. */
export const lacksDescriptor = (limit: Limit) =>
  limit !== null && typeof limit === 'object' && ['EMFILE', 'ENFILE'].includes(limit.code ?? '');

export const knownOf = (limit: Limit) => (typeof limit === 'number' ? limit : null);

export function unreadableIn(limits: readonly Limit[]): string | undefined {
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
export function cpuMax(folder: string): Limit {
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
export function cfsQuota(folder: string): Limit {
  const periodFile = join(folder, 'cpu.cfs_period_us');
  return readLimit(join(folder, 'cpu.cfs_quota_us'), enforcesQuota(folder), (text) => {
    if (text === '-1') return null;
    const [quota, period] = [toNumber(text), readNumber(periodFile)];
    return quota !== null && period !== null && quota > 0 && period > 0 ? quota / period : undefined;
  });
}

export function memoryLimit(folder: string, version: 1 | 2 | null): Limit {
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
export function smallest(limits: readonly (number | null)[]): number | null {
  const known = limits.filter((limit) => limit !== null);
  return known.length === 0 ? null : Math.min(...known);
}
