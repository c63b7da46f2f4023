/** Reads what this process uses, as the kernel accounts it. One of the few places that may look at `process`. */
import type { Reader } from '../reader.ts';

export type ProcessReading = {
  /** User and system time of all threads since the start. */
  readonly cpuSeconds: number;
  readonly memoryRssBytes: number;
  readonly heapUsedBytes: number;
  readonly heapTotalBytes: number;
  readonly externalBytes: number;
  readonly uptimeSeconds: number;
};

export function createProcessReader(): Reader<ProcessReading> {
  return {
    name: 'process',
    read: () => {
      const { user, system } = process.cpuUsage();
      const memory = process.memoryUsage();
      return {
        cpuSeconds: (user + system) / 1e6,
        memoryRssBytes: memory.rss,
        heapUsedBytes: memory.heapUsed,
        heapTotalBytes: memory.heapTotal,
        externalBytes: memory.external,
        uptimeSeconds: process.uptime(),
      };
    },
  };
}
