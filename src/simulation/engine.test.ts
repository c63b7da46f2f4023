import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { granted } from '#foundation/outcome.ts';
import { createManualClock } from '#test/support/manual-clock.ts';
import { EffectBoard } from './effects/board.ts';
import { Engine } from './engine.ts';
import type { SimulationEvent } from './event.ts';
import type { Kind, Work } from './kind.ts';
import { ENDINGS } from './report.ts';
import type { Pool } from './worker/pool.ts';

type Pretended = {
  readonly seconds: number;
  readonly fails?: boolean;
  readonly neverEnds?: boolean;
  readonly neverStarts?: boolean;
};

/** An engine in simulated time with a kind that delivers what its request says: `cores` until `seconds` are over. */
function rig(maxSimulations = 3) {
  const clock = createManualClock();
  const events: SimulationEvent[] = [];
  let ids = 0;
  const pretend: Kind = {
    name: 'cpu',
    summary: '',
    description: '',
    request: {} as Kind['request'],
    access: 'operator',
    report: {} as Kind['report'],
    refusals: {},
    metrics: {},
    progress: () => '',
    example: {} as Kind['example'],
    plan: (request) => {
      const { seconds, fails = false, neverEnds = false, neverStarts = false } = request as Pretended;
      const figures = { seconds, cores: 1, core_seconds: seconds };
      return granted({
        seconds,
        reserves: { cores: 1, threads: 1 },
        requested: figures,
        granted: figures,
        nothing: { delivered: { seconds: 0, cores: 0, core_seconds: 0 }, accuracy: null, samples: [] },
        start: async (): Promise<Work> => {
          if (fails) throw new Error('no thread');
          if (neverStarts) await new Promise(() => {});
          const startMs = clock.monotonicMs();
          let endMs: number | undefined;
          const { promise: over, resolve } = Promise.withResolvers<Record<string, never>>();
          const end = () => {
            endMs ??= clock.monotonicMs();
            resolve({});
          };
          if (!neverEnds) clock.after(seconds * 1000, end);
          return {
            figures: (elapsedSeconds) => {
              const core_seconds = ((endMs ?? clock.monotonicMs()) - startMs) / 1000;
              return {
                delivered: { seconds: elapsedSeconds, cores: core_seconds / elapsedSeconds, core_seconds },
                accuracy: core_seconds / elapsedSeconds,
                samples: [{ at_seconds: elapsedSeconds, cores: 1 }],
              };
            },
            stop: end,
            over,
          };
        },
      });
    },
  };
  const supply = {
    cpu: () => ({ cpus: 4, quotaCores: null }),
    memory: () => ({ limitBytes: null, totalBytes: 1024 ** 3, headroomBytes: 1024 ** 3 }),
  };
  const throttled = () => clock.monotonicMs() / 10_000;
  const engine = new Engine({
    context: {
      clock,
      pool: {} as Pool,
      supply,
      effects: new EffectBoard(),
    },
    caps: { maxSeconds: 100, maxCores: 8, maxMemoryBytes: 1024 ** 3, maxSimulations },
    throttledSeconds: { now: throttled, recently: throttled },
    replica: 'replica-1',
    newId: () => {
      ids += 1;
      return `sim-${String(ids).padStart(16, '0')}`;
    },
    onEvent: (event) => events.push(event),
  });
  const start = (request: Pretended) => engine.start(pretend, request, { requestId: 'request-1', actor: 'ann' });
  const started = (request: Pretended) => {
    const outcome = start(request);
    assert.ok(outcome.ok);
    return outcome.value;
  };
  return { clock, engine, events, start, started };
}

describe('the engine', () => {
  it('reports what was requested, granted and delivered', async () => {
    const { clock, engine, events, started } = rig();
    const { id, ended } = started({ seconds: 3 });
    await clock.advance(1500);
    const progress = engine.find(id);
    assert.equal(progress?.state, 'running');
    assert.deepEqual(progress?.progress, { ratio: 0.5, remaining_seconds: 1.5 });
    assert.equal(progress?.ended_because, null);
    await clock.advance(1500);
    const report = await ended;
    assert.equal(report.ended_because, 'completed');
    assert.deepEqual(report.delivered, { seconds: 3, cores: 1, core_seconds: 3 });
    assert.equal(report.accuracy, 1);
    assert.equal(report.throttled_seconds, 0.3);
    assert.equal(report.ended_at, '2026-01-31T12:00:03.000Z');
    assert.deepEqual(report.samples, [{ at_seconds: 3, cores: 1 }]);
    assert.deepEqual(engine.find(id), report);
    assert.deepEqual(
      events.map(({ type }) => type),
      ['simulation-started', 'simulation-ended'],
    );
    assert.equal(clock.armed(), 0);
  });

  it('cancels one, says why, and leaves an ended one as it is', async () => {
    const { clock, engine, started } = rig();
    const { id } = started({ seconds: 10 });
    await clock.advance(2000);
    const report = await engine.cancel(id, 'client_gone');
    assert.equal(report?.ended_because, 'client_gone');
    assert.deepEqual(report?.delivered, { seconds: 2, cores: 1, core_seconds: 2 });
    assert.equal(report?.accuracy, 1);
    assert.equal((await engine.cancel(id, 'cancelled'))?.ended_because, 'client_gone');
    assert.equal(engine.cancel('sim-none', 'cancelled'), undefined);
  });

  it('cancels one at once whose threads never come', async () => {
    const { engine, started } = rig();
    const { id, ended, started: hasStarted } = started({ seconds: 10, neverStarts: true });
    void engine.cancel(id, 'cancelled');
    await hasStarted;
    assert.equal((await ended).ended_because, 'cancelled');
    assert.equal(engine.usage().running, 0);
  });

  it('cancels one that was still being started', async () => {
    const { engine, started } = rig();
    const { id, ended } = started({ seconds: 10 });
    void engine.cancel(id, 'cancelled');
    assert.equal((await ended).ended_because, 'cancelled');
  });

  it('refuses more than the cap at the same time, and says when there will be room', async () => {
    const { clock, start, started } = rig(2);
    started({ seconds: 30 });
    started({ seconds: 20 });
    await clock.advance(5000);
    const outcome = start({ seconds: 1 });
    assert.ok(!outcome.ok);
    assert.equal(outcome.refusal.code, 'capacity-exhausted');
    assert.equal(outcome.refusal.retryAfterSeconds, 15);
  });

  it('cancels everything and refuses everything new while draining', async () => {
    const { clock, engine, start, started } = rig();
    started({ seconds: 30 });
    started({ seconds: 20 });
    await clock.advance(100);
    const reports = await engine.drain();
    assert.deepEqual(
      reports.map(({ ended_because }) => ended_because),
      ['draining', 'draining'],
    );
    const outcome = start({ seconds: 1 });
    assert.ok(!outcome.ok && outcome.refusal.code === 'draining');
  });

  it('ends as failed what could not start, and frees its place', async () => {
    const { engine, events, started } = rig();
    const report = await started({ seconds: 5, fails: true }).ended;
    assert.equal(report.ended_because, 'failed');
    assert.equal(engine.usage().running, 0);
    assert.match(String((events.at(-1) as { failure?: unknown }).failure), /no thread/);
  });

  it('stops from outside what has not ended by itself a second after its deadline', async () => {
    const { clock, started } = rig();
    const { ended } = started({ seconds: 5, neverEnds: true });
    await clock.advance(6000);
    // What this kind delivers is not what the catalog's kinds do.
    assert.equal(((await ended).delivered as { seconds?: number }).seconds, 6);
  });

  it('keeps the last 100 that ended, the latest first', async () => {
    const { clock, engine, started } = rig();
    for (let index = 0; index < 103; index += 1) {
      started({ seconds: 1 });
      await clock.advance(1000);
    }
    const ids = engine.list().map(({ id }) => Number(id.slice(4)));
    assert.equal(ids.length, 100);
    assert.equal(ids[0], 103);
    assert.equal(ids.at(-1), 4);
    assert.equal(engine.find('sim-0000000000000003'), undefined);
  });

  it('ends every simulation exactly once, whatever is started and cancelled when', async () => {
    const step = fc.oneof(
      fc.record({ start: fc.record({ seconds: fc.integer({ min: 1, max: 20 }), fails: fc.boolean() }) }),
      fc.record({ cancel: fc.integer({ min: 1, max: 12 }) }),
      fc.record({ advance: fc.integer({ min: 0, max: 5000 }) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        const { clock, engine, events, start } = rig();
        for (const each of steps as { start?: Pretended; cancel?: number; advance?: number }[]) {
          if (each.start) start(each.start);
          if (each.cancel) void engine.cancel(`sim-${String(each.cancel).padStart(16, '0')}`, 'cancelled');
          if (each.advance) await clock.advance(each.advance);
          assert.ok(engine.usage().running <= 3);
        }
        await clock.advance(25_000);
        const of = (type: string) =>
          events.flatMap((event) => (event.type === type && 'simulation' in event ? [event.simulation.id] : []));
        assert.deepEqual(of('simulation-ended').toSorted(), of('simulation-started').toSorted());
        assert.equal(engine.usage().running, 0);
        assert.equal(engine.usage().coresInUse, 0);
        for (const simulation of engine.list()) assert.ok(ENDINGS.includes(simulation.ended_because ?? 'failed'));
      }),
      { numRuns: 60 },
    );
  });
});
