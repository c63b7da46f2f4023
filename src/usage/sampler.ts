/** Keeps the latest readings, so that asking often costs little and not asking costs next to nothing. */
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
  /** What was read last, at most about a second ago. */
  readonly latest: () => UsageSnapshot;
  readonly stop: () => void;
};

const SAMPLE_PERIOD_MS = 1000;

/**
 * CPU and the event loop are read every second, because their figures are rates over that second. The machine and the
 * container are read when somebody asks, and then at most once a second: their files cost a few milliseconds a time.
 */
export function startSampler(clock: Clock, readers: UsageReaders): Sampler {
  let atMs = clock.monotonicMs();
  let takenEpochMs = clock.epochMs();
  let process = readers.process.read();
  let cpuPercent = 0;
  let eventLoop = readers.eventLoop.read();
  let surroundings: Pick<UsageSnapshot, 'system' | 'container'> | undefined;

  const stop = clock.every(SAMPLE_PERIOD_MS, () => {
    const seconds = (clock.monotonicMs() - atMs) / 1000;
    const cpuSecondsBefore = process.cpuSeconds;
    atMs += seconds * 1000;
    takenEpochMs = clock.epochMs();
    process = readers.process.read();
    cpuPercent = ((process.cpuSeconds - cpuSecondsBefore) / seconds) * 100;
    eventLoop = readers.eventLoop.read();
    surroundings = undefined;
  });

  return {
    latest: () => {
      surroundings ??= { system: readers.system.read(), container: readers.container.read() };
      return { takenEpochMs, process: { ...process, cpuPercent }, eventLoop, ...surroundings };
    },
    stop,
  };
}
