/** How a container is confined, and what of that is unusual enough to be said at start. */
import { readFileSync } from 'node:fs';

export type Confinement = {
  /** As process 1 it is in a container; on a workstation nothing of this is unusual. */
  readonly isContainer: boolean;
  readonly isRoot: boolean;
  readonly hasWritableRoot: boolean;
  readonly memoryLimitBytes: number | null;
};

/** One sentence for each thing that is unusual, with what to do. Nothing of it keeps SkyOps from running. */
export function unusual({ isContainer, isRoot, hasWritableRoot, memoryLimitBytes }: Confinement): readonly string[] {
  if (!isContainer) return [];
  return [
    ...(isRoot ? ['This container runs as root. Set runAsUser: 65532 and runAsNonRoot: true.'] : []),
    ...(hasWritableRoot
      ? ['The root file system can be written to. SkyOps writes no file: set readOnlyRootFilesystem: true.']
      : []),
    ...(memoryLimitBytes === null
      ? ['This container has no memory limit: shares of it, such as 60%, are refused. Set resources.limits.memory.']
      : []),
  ];
}

/** Whether the root file system is mounted for writing: proc(5), /proc/self/mounts, fields 2 and 4. Without /proc it is not known. */
export function hasWritableRoot(mounts: () => string = () => readFileSync('/proc/self/mounts', 'utf8')): boolean {
  try {
    // A later mount hides an earlier one.
    const root = mounts()
      .split('\n')
      .map((line) => line.split(' '))
      .findLast(([, target]) => target === '/');
    return root?.[3]?.split(',').includes('rw') ?? false;
  } catch {
    return false;
  }
}
