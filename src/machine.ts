/** What simulations may draw on, from the readings: here the rooms usage and simulation meet, which do not know each other. */
import type { Machine } from '#command/command.ts';
import type { Supply } from '#simulation/kind.ts';
import type { Reader } from '#usage/reader.ts';
import { type CgroupReader, createCgroupReader } from '#usage/readers/cgroup.ts';
import { countCpus } from '#usage/readers/cpus.ts';
import { createSystemReader, type SystemReading } from '#usage/readers/system.ts';

export function createSupply(system: Reader<SystemReading>, container: CgroupReader): Supply {
  return {
    cpu: () => {
      const { limitCores, unreadable } = container.cpu();
      return { cpus: countCpus(), quotaCores: limitCores, unreadable };
    },
    memory: () => {
      const { limitBytes, headroomBytes, unreadable } = container.memory();
      const { memoryTotalBytes, memoryAvailableBytes } = system.read();
      return {
        limitBytes,
        totalBytes: Math.min(limitBytes ?? memoryTotalBytes, memoryTotalBytes),
        headroomBytes: unreadable === undefined ? Math.min(headroomBytes ?? memoryTotalBytes, memoryAvailableBytes) : 0,
        unreadable,
      };
    },
  };
}

/** For a simulation without the service around it. */
export function openMachine(): Machine {
  const container = createCgroupReader();
  return { supply: createSupply(createSystemReader(), container), throttledSeconds: container.cpuThrottledSeconds };
}
