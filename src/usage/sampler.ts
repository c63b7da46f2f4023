/** Takes a reading of everything once a second and keeps the latest, so that asking costs nothing. */
import type { Clock } from '#foundation/clock.ts';
import type { Reader } from './reader.ts';
import type { ContainerReading } from './readers/cgroup.ts';
import type { EventLoopReading } from './readers/event-loop.ts';
import type { ProcessReading } from './readers/process.ts';
import type { SystemReading } from './readers/system.ts';

export type UsageSnapshot = {
  /** When, in milliseconds since 1970. */
  readonly takenEpochMs: number;
  readonly process: ProcessReading & {
    /** CPU time used in the last second, 100 is one core. */
    readonly cpuPercent: number;
  };
  readonly eventLoop: EventLoopReading;
  readonly system: SystemReading;
  readonly container: ContainerReading;
};

export type UsageReaders = {
  readonly process: Reader<ProcessReading>;
  readonly eventLoop: Reader<EventLoopReading>;
  readonly system: Reader<SystemReading>;
  readonly container: Reader<ContainerReading>;
};

export type Sampler = {
  /** The latest reading, at most about a second old. */
  readonly latest: () => UsageSnapshot;
  readonly stop: () => void;
};

const SAMPLE_PERIOD_MS = 1000;

export function startSampler(clock: Clock, readers: UsageReaders): Sampler {
  let atMs = clock.monotonicMs();
  let process = readers.process.read();
  let latest = take(0);

  function take(cpuPercent: number): UsageSnapshot {
    return {
      takenEpochMs: clock.epochMs(),
      process: { ...process, cpuPercent },
      eventLoop: readers.eventLoop.read(),
      system: readers.system.read(),
      container: readers.container.read(),
    };
  }

  const stop = clock.every(SAMPLE_PERIOD_MS, () => {
    const seconds = (clock.monotonicMs() - atMs) / 1000;
    const cpuSecondsBefore = process.cpuSeconds;
    atMs += seconds * 1000;
    process = readers.process.read();
    latest = take(((process.cpuSeconds - cpuSecondsBefore) / seconds) * 100);
  });
  return { latest: () => latest, stop };
}
