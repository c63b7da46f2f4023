/** Finds where the kernel shows this process's cgroup: which version, and which folder for each controller. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The folders that bind this process, its own first, then its ancestors up to the root of the mount: a limit on
 * any of them holds.
 */
export type CgroupFolders = {
  readonly version: 1 | 2;
  readonly folders: readonly string[];
  /** The mount, if it shows only groups around this process's own: then nobody can say what binds it. */
  readonly hidden?: string;
};

const CONTROLLERS = ['cpu', 'cpuacct', 'memory', 'pids'] as const;
export type Controller = (typeof CONTROLLERS)[number];

export type CgroupLocation = Readonly<Partial<Record<Controller, CgroupFolders>>>;

type Mount = {
  readonly root: string;
  readonly point: string;
  readonly type: string;
  readonly options: readonly string[];
};

/**
 * @param rootFolder where the file system begins; `/`, or a fixture in a test.
 * @returns nothing for the controllers that are not mounted; empty where there are no cgroups at all.
 */
export function locateCgroup(rootFolder: string): CgroupLocation {
  const mounts = visible(parseMounts(readText(join(rootFolder, 'proc/self/mountinfo')))).toSorted(
    (a, b) => Number(isOutside(a)) - Number(isOutside(b)),
  );
  const paths = parsePaths(readText(join(rootFolder, 'proc/self/cgroup')));
  const unified = mounts.find((mount) => mount.type === 'cgroup2');
  const location: Partial<Record<Controller, CgroupFolders>> = {};

  for (const controller of CONTROLLERS) {
    // On a hybrid machine version 2 is mounted too, but the controllers are bound to version 1.
    const v1 = mounts.find((mount) => mount.type === 'cgroup' && mount.options.includes(controller));
    if (v1 !== undefined) {
      location[controller] = { version: 1, ...foldersOf(rootFolder, v1, paths.get(controller)) };
    } else if (unified !== undefined) {
      location[controller] = { version: 2, ...foldersOf(rootFolder, unified, paths.get('')) };
    }
  }
  return location;
}

/** @see proc(5), /proc/pid/mountinfo: `36 35 98:0 /root /point opts [optional …] - type source superopts` */
function parseMounts(text: string): Mount[] {
  return text.split('\n').flatMap((line) => {
    const [left, right] = line.split(' - ');
    const [, , , root, point] = left?.split(' ') ?? [];
    const [type, , options] = right?.split(' ') ?? [];
    if (root === undefined || point === undefined || type === undefined) return [];
    return [{ root: unescapePath(root), point: unescapePath(point), type, options: options?.split(',') ?? [] }];
  });
}

/** A later mount hides what is mounted at its point or below it. */
function visible(mounts: readonly Mount[]): Mount[] {
  return mounts.filter(({ point }, index) => {
    const later = mounts.slice(index + 1);
    return !later.some((each) => each.point === point || point.startsWith(`${each.point}/`));
  });
}

/** The kernel writes space, tab, newline and backslash in mountinfo as three octal digits. */
function unescapePath(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

/** @see cgroups(7), /proc/pid/cgroup: `4:cpu,cpuacct:/path` for version 1, `0::/path` for version 2 */
function parsePaths(text: string): Map<string, string> {
  const paths = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [, controllers, ...path] = line.split(':');
    for (const controller of controllers?.split(',') ?? []) paths.set(controller, path.join(':'));
  }
  return paths;
}

/** cgroup_namespaces(7): the kernel writes the root so where it lies above the namespace, as the host's own mount does in a container. */
const isOutside = (mount: Mount) => mount.root.startsWith('/..');

/**
 * Inside a container without a cgroup namespace the path is the host's, while the mount shows only the container's
 * part; then what is mounted is this process's own folder.
 */
function foldersOf(rootFolder: string, mount: Mount, path = '/'): Omit<CgroupFolders, 'version'> {
  const top = join(rootFolder, mount.point);
  if (isOutside(mount)) return { folders: [top], hidden: top };
  const isBelowMount = mount.root === '/' || path === mount.root || path.startsWith(`${mount.root}/`);
  const relative = isBelowMount && mount.root !== '/' ? path.slice(mount.root.length) : isBelowMount ? path : '/';
  // `/..` at the front means that the process sits outside of its cgroup namespace.
  const names = relative.split('/').filter((name) => name !== '');
  const folders = names.includes('..')
    ? []
    : names.map((_, index) => join(top, ...names.slice(0, index + 1))).toReversed();
  return { folders: [...folders.filter((folder) => existsSync(folder)), top] };
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    // Not Linux, or /proc is hidden: there is no cgroup to be seen, and that is an answer.
    return '';
  }
}
