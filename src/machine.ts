/** What simulations may draw on, from the readings: here the rooms usage and simulation meet, which do not know each other. */
import type { Machine } from '#command/command.ts';
import type { Supply } from '#simulation/simulator.ts';
import type { Reader } from '#usage/reader.ts';
import { type CgroupReader, createCgroupReader } from '#usage/readers/cgroup.ts';
import { createSystemReader, type SystemReading } from '#usage/readers/system.ts';

export function createSupply(system: Reader<SystemReading>, container: CgroupReader): Supply {
  // CPUs and memory of a machine do not change under a process; what is free of them does.
  const { cpus, memoryTotalBytes } = system.read();
  return {
    cpu: () => ({ cpus, quotaCores: container.cpuLimitCores() }),
    memory: () => {
      const { limitBytes, headroomBytes } = container.memory();
      return {
        limitBytes,
        totalBytes: Math.min(limitBytes ?? memoryTotalBytes, memoryTotalBytes),
        headroomBytes: Math.min(headroomBytes ?? memoryTotalBytes, system.read().memoryAvailableBytes),
      };
    },
  };
}

/** For a simulation without the service around it. */
export function openMachine(): Machine {
  const container = createCgroupReader();
  return { supply: createSupply(createSystemReader(), container), throttledSeconds: container.cpuThrottledSeconds };
}
