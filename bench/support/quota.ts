/** A real CPU quota for a benchmark: a cgroup of version 1, which root may make. */
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';

export const QUOTA_FOLDER = '/sys/fs/cgroup/cpu/skyops-bench';

export function canLimit(): boolean {
  return process.getuid?.() === 0 && existsSync('/sys/fs/cgroup/cpu/cpu.cfs_quota_us');
}

export function setQuota(cores: number): void {
  mkdirSync(QUOTA_FOLDER, { recursive: true });
  writeFileSync(`${QUOTA_FOLDER}/cpu.cfs_period_us`, '100000');
  writeFileSync(`${QUOTA_FOLDER}/cpu.cfs_quota_us`, String(cores * 100_000));
}

export function removeQuota(): void {
  rmdirSync(QUOTA_FOLDER);
}

export function throttledPeriods(): { readonly throttled: number; readonly all: number } {
  if (!existsSync(QUOTA_FOLDER)) return { throttled: 0, all: 0 };
  const stat = readFileSync(`${QUOTA_FOLDER}/cpu.stat`, 'utf8');
  const value = (name: string) => Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(stat)?.[1] ?? 0);
  return { throttled: value('nr_throttled'), all: value('nr_periods') };
}
