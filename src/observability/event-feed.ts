/** What happens, as a stream of numbered events for whoever watches: simulations as they go and usage once a second. */
import type { Cancel, Clock } from '#foundation/clock.ts';
import type { SimulationEvent } from '#simulation/event.ts';
import type { SimulationSummary } from '#simulation/simulation.ts';
import type { UsageSnapshot } from '#usage/sampler.ts';

export type FeedEvent = {
  /** Counts up from 1 in this process. */
  readonly id: number;
  readonly type: 'simulation-started' | 'simulation-progress' | 'simulation-ended' | 'usage' | 'end';
  /** JSON on one line, made once for all who watch. */
  readonly data: string;
};

/** Enough for a client that was away for a few minutes of usage readings. */
const KEPT_EVENTS = 256;
const TICK_MS = 1000;

export type EventFeed = {
  readonly simulation: (event: SimulationEvent) => void;
  /**
   * @param afterId the last event that the watcher has seen; what is kept of the later ones comes first.
   * A watcher that comes after the end is told so at once.
   * @returns how to stop watching.
   */
  readonly watch: (afterId: number | undefined, onEvent: (event: FeedEvent) => void) => Cancel;
  /** Tells every watcher that this is the end; nothing comes after it. */
  readonly close: () => void;
};

export type EventFeedParts = {
  readonly clock: Clock;
  readonly usage: () => UsageSnapshot;
  readonly running: () => readonly SimulationSummary[];
};

export function createEventFeed({ clock, usage, running }: EventFeedParts): EventFeed {
  const watchers = new Set<(event: FeedEvent) => void>();
  let kept: readonly FeedEvent[] = [];
  let lastId = 0;
  let end: FeedEvent | undefined;
  let stopTicking: Cancel | undefined;

  function publish(type: FeedEvent['type'], value: unknown): FeedEvent {
    lastId += 1;
    const event: FeedEvent = { id: lastId, type, data: JSON.stringify(value) };
    kept = [...kept, event].slice(-KEPT_EVENTS);
    for (const onEvent of watchers) onEvent(event);
    return event;
  }

  /** Only while somebody watches: an idle process sleeps. */
  function tick(): void {
    const { process, eventLoop, container } = usage();
    publish('usage', {
      cpu_percent: process.cpuPercent,
      memory_rss_bytes: process.memoryRssBytes,
      event_loop_utilization_ratio: eventLoop.utilizationRatio,
      container_cpu_throttled_seconds: container.cpuThrottledSeconds,
      container_memory_working_set_bytes: container.memoryWorkingSetBytes,
    });
    for (const simulation of running()) publish('simulation-progress', simulation);
  }

  return {
    simulation: (event) => {
      if (event.type !== 'simulation-refused') publish(event.type, event.simulation);
    },
    watch: (afterId, onEvent) => {
      const missed = afterId === undefined ? [] : kept.filter(({ id }) => id > afterId);
      for (const event of missed) onEvent(event);
      if (end !== undefined) {
        // Clients that were told to come back do so while this replica is still asked: a stream then would hold the drain to its deadline.
        if (!missed.includes(end)) onEvent(end);
        return () => {};
      }
      watchers.add(onEvent);
      stopTicking ??= clock.every(TICK_MS, tick);
      return () => {
        watchers.delete(onEvent);
        if (watchers.size > 0) return;
        stopTicking?.();
        stopTicking = undefined;
      };
    },
    close: () => {
      end = publish('end', { reason: 'draining' });
      watchers.clear();
      stopTicking?.();
      stopTicking = undefined;
    },
  };
}
