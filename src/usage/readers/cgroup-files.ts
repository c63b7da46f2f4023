/** The files of a cgroup's controllers: numbers, and names with numbers. What cannot be read is not known. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CgroupFolders, Controller, locateCgroup } from './cgroup-location.ts';

export const usageFile = (version: 1 | 2 | null) => (version === 2 ? 'memory.current' : 'memory.usage_in_bytes');

/** One controller's files; with nothing mounted every answer is "not known". */
export function at(location: ReturnType<typeof locateCgroup>, controller: Controller) {
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

export type ControllerFiles = ReturnType<typeof at>;

/** Flat keyed files: a name and a number on each line. */
export function readFields(file: string): Map<string, number> {
  const fields = new Map<string, number>();
  for (const line of readText(file).split('\n')) {
    const [name, text] = line.split(/\s+/);
    const value = toNumber(text ?? '');
    if (name && value !== null) fields.set(name, value);
  }
  return fields;
}

export function readNumber(file: string): number | null {
  return toNumber(readText(file).trim());
}

/** Only digits are a number, as many as 64 bits have at most. `max`, nothing, the -1 of a quota that is none, and garbage are not. */
export function toNumber(text: string): number | null {
  return /^\d{1,20}$/.test(text) ? Number(text) : null;
}

export function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    // A file of a controller that is off, or one that vanished with its folder: the value is not known.
    return '';
  }
}
