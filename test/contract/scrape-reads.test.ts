/** What a scrape costs does not grow with the simulations: no file of the kernel is read for each of them. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { describe, it } from 'node:test';
import { granted } from '#foundation/outcome.ts';
import { createMetrics } from '#observability/metrics/metrics.ts';
import { EffectBoard } from '#simulation/effects/board.ts';
import { Engine } from '#simulation/engine.ts';
import type { Startable, Work } from '#simulation/kind.ts';
import type { Pool } from '#simulation/worker/pool.ts';
import { makeFileTree } from '#test/support/file-tree.ts';
import { createManualClock } from '#test/support/manual-clock.ts';
import { createCgroupReader } from '#usage/readers/cgroup.ts';
import { createEventLoopReader } from '#usage/readers/event-loop.ts';
import { createProcessReader } from '#usage/readers/process.ts';
import { createSystemReader } from '#usage/readers/system.ts';
import { startSampler } from '#usage/sampler.ts';

const CONTAINER = {
  'proc/self/mountinfo': '30 20 0:26 / /sys/fs/cgroup ro shared:4 - cgroup2 cgroup rw\n',
  'proc/self/cgroup': '0::/\n',
  'sys/fs/cgroup/cpu.max': '200000 100000\n',
  'sys/fs/cgroup/cpu.stat': 'usage_usec 2500000\nnr_periods 40\nnr_throttled 4\nthrottled_usec 120000\n',
};

/** Runs until it is stopped, and delivers nothing. */
const endless: Startable = {
  name: 'cpu',
  plan: () => {
    const figures = { seconds: 60, cores: 1, core_seconds: 0 };
    return granted({
      seconds: 60,
      reserves: { cores: 0.001 },
      requested: figures,
      granted: figures,
      nothing: { delivered: figures, accuracy: null, samples: [] },
      start: (): Promise<Work> => new Promise(() => {}),
    });
  },
};

describe('a scrape', () => {
  it('reads cpu.stat once, whether no simulation runs or fifty', async (test) => {
    const clock = createManualClock();
    const container = createCgroupReader(makeFileTree(test, CONTAINER));
    const eventLoop = createEventLoopReader();
    test.after(() => eventLoop.close());
    const readers = { process: createProcessReader(), eventLoop, system: createSystemReader(), container };
    const sampler = startSampler(clock, readers);
    const metrics: { current?: ReturnType<typeof createMetrics> } = {};
    const engine = new Engine({
      context: {
        clock,
        pool: {} as Pool,
        supply: {
          cpu: () => ({ cpus: 2, quotaCores: null }),
          memory: () => ({ limitBytes: null, totalBytes: 1, headroomBytes: 1 }),
        },
        effects: new EffectBoard(),
      },
      caps: { maxSeconds: 100, maxCores: 8, maxMemoryBytes: 1024 ** 3, maxSimulations: 100 },
      throttledSeconds: {
        now: container.cpuThrottledSeconds,
        recently: () => sampler.latest().container.cpuThrottledSeconds,
      },
      newId: () => `sim-${Math.random()}`,
      replica: 'a',
      onEvent: (event) => metrics.current?.simulation(event),
    });
    metrics.current = createMetrics({
      clock,
      usage: sampler.latest,
      running: () => engine.running(),
      settings: { semanticConventions: 'false' },
      identity: {},
      build: { version: '1', revision: '', runtime: 'node' },
      droppedLogLines: () => 0,
      spans: () => null,
    });
    const readsInScrape = async () => {
      await clock.advance(1000);
      const read = test.mock.method(fs, 'readFileSync');
      syncBuiltinESMExports();
      const { body } = (await metrics.current?.render('')) ?? { body: '' };
      const reads = read.mock.calls.filter(({ arguments: [file] }) => String(file).endsWith('/cpu.stat')).length;
      read.mock.restore();
      syncBuiltinESMExports();
      return { reads, running: Number(/^skyops_simulation_active\{kind="cpu"\} (\d+)$/m.exec(body)?.[1]) };
    };
    assert.deepEqual(await readsInScrape(), { reads: 1, running: 0 });
    for (let count = 0; count < 50; count += 1) {
      assert.ok(engine.start(endless, {}, { requestId: 'request-1', actor: 'ann' }).ok);
    }
    assert.deepEqual(await readsInScrape(), { reads: 1, running: 50 });
  });
});
