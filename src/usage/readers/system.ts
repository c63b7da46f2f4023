/** Reads the machine underneath: in a pod that is the node, shared with others. */
import { arch, freemem, hostname, loadavg, platform, release, totalmem, uptime } from 'node:os';
import type { Reader } from '../reader.ts';
import { countCpus } from './cpus.ts';

export type SystemReading = {
  readonly hostname: string;
  readonly platform: string;
  readonly architecture: string;
  readonly kernel: string;
  /** CPUs that this process may run on, by its affinity; a CPU quota does not show here. */
  readonly cpus: number;
  readonly loadAverage: readonly [number, number, number];
  readonly memoryTotalBytes: number;
  readonly memoryAvailableBytes: number;
  readonly uptimeSeconds: number;
};

export function createSystemReader(): Reader<SystemReading> {
  return {
    name: 'system',
    read: () => {
      const [one = 0, five = 0, fifteen = 0] = loadavg();
      return {
        hostname: hostname(),
        platform: platform(),
        architecture: arch(),
        kernel: release(),
        cpus: countCpus(),
        loadAverage: [one, five, fifteen],
        memoryTotalBytes: totalmem(),
        memoryAvailableBytes: freemem(),
        uptimeSeconds: uptime(),
      };
    },
  };
}
