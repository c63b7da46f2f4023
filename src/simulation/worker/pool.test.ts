import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, it, type TestContext } from 'node:test';
import { systemClock } from '#foundation/clock.ts';
import { createManualClock } from '#test/support/manual-clock.ts';
import { idleCoresOfMachine } from '#test/support/own-process.ts';
import { until } from '#test/support/until.ts';
import { CONSTANT } from '../shape.ts';
import { type BurnJob, timingFromNow } from './job.ts';
import { Pool } from './pool.ts';

const jobFromNow = (share: number, seconds: number): BurnJob => ({
  type: 'burn',
  share,
  ...timingFromNow(seconds, CONSTANT).timing,
});

async function poolOf(test: TestContext, warmThreads: number) {
  const broken: unknown[] = [];
  const pool = new Pool({ clock: systemClock, warmThreads, onBroken: (cause) => broken.push(cause) });
  test.after(() => pool.close());
  await pool.open();
  return { pool, broken };
}

/** With one warm thread, on a clock that the test turns. */
async function workingPool(test: TestContext) {
  const clock = createManualClock();
  const pool = new Pool({ clock, warmThreads: 1, onBroken: () => {} });
  test.after(() => pool.close());
  await pool.open();
  const work = async (threads: number) => {
    const leases = await pool.lend(threads);
    await Promise.all(leases.map((lease) => lease.run(jobFromNow(0.1, 0.02))));
  };
  return { clock, pool, work };
}

/** A thread may end between the listing and the reading; then it is one that is not there. */
function statOf(tid: string): string {
  try {
    return readFileSync(`/proc/self/task/${tid}/stat`, 'utf8');
  } catch {
    return '';
  }
}

/** Threads of this process that run simulations, with their niceness: fields 2 and 19 of proc(5), /proc/pid/task/tid/stat. */
function simulationThreads(): { name: string; nice: number }[] {
  return readdirSync('/proc/self/task').flatMap((tid) => {
    const stat = statOf(tid);
    const [, name = ''] = /\((.*)\)/.exec(stat) ?? [];
    const nice = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16]);
    return name.startsWith('simulation-') ? [{ name, nice }] : [];
  });
}

describe('the pool of worker threads', () => {
  it('lends threads, runs a job on them to its deadline, and takes them back', async (test) => {
    const { pool } = await poolOf(test, 1);
    for (let round = 0; round < 3; round += 1) {
      const [lease] = await pool.lend(1);
      const before = idleCoresOfMachine();
      assert.deepEqual(await lease?.run(jobFromNow(0.5, 0.2)), { type: 'done' });
      const idle = idleCoresOfMachine().idleSeconds - before.idleSeconds;
      const used = (lease?.state.delivered ?? 0) / 1e6;
      // Beside other work it may get less, but not while a core is idle. More than 0.1 s it should not burn; 0.117 were
      // seen once beside other work, why is not known. Flat out it would be 0.2.
      assert.ok(used < 0.15 && (used > 0.05 || idle < 0.1), `${used} s, while ${idle} s were idle`);
    }
    assert.equal(simulationThreads().length, 1);
  });

  it('runs its threads below the priority of the main thread', async (test) => {
    await poolOf(test, 2);
    const threads = simulationThreads();
    assert.equal(threads.length, 2);
    assert.ok(threads.every(({ nice }) => nice === 5));
  });

  it('stops a job within 50 ms', async (test) => {
    const { pool } = await poolOf(test, 1);
    const took: number[] = [];
    for (let round = 0; round < 11; round += 1) {
      const [lease] = await pool.lend(1);
      const end = lease?.run(jobFromNow(1, 60));
      await until('it burns', () => (lease?.state.delivered ?? 0) > 20_000);
      const before = performance.now();
      lease?.stop();
      await end;
      took.push(performance.now() - before);
    }
    // The median: one round may meet a machine that is busy with something else.
    assert.ok((took.toSorted((a, b) => a - b)[5] ?? 0) < 50, `${took} ms`);
  });

  it('starts more threads than are warm, keeps them for a minute or two, and lets them go again', async (test) => {
    const { clock, pool, work } = await workingPool(test);
    await work(3);
    const names = () => simulationThreads().map(({ name }) => name);
    const before = names();
    assert.equal(before.length, 3);
    await clock.advance(40_000);
    await work(3);
    assert.deepEqual(names(), before, 'the same ones did it');
    await clock.advance(60_000);
    assert.equal(simulationThreads().length, 3);
    // That a thread is asked whether it lives is no work.
    for (let round = 0; round < 3; round += 1) await pool.answers(AbortSignal.timeout(10_000));
    await clock.advance(20_000);
    await until('only the warm one is left', () => simulationThreads().length === 1);
    assert.equal(pool.isWhole(), true);
    assert.equal(clock.armed(), 0);
  });

  it('keeps as many threads as work at the same time, however many worked before', async (test) => {
    const { clock, pool, work } = await workingPool(test);
    await work(4);
    for (let seconds = 0; seconds < 120; seconds += 10) {
      await work(2);
      await clock.advance(10_000);
    }
    await until('two of the four are left', () => simulationThreads().length === 2);
    const busy = await pool.lend(2);
    const ends = busy.map((lease) => lease.run(jobFromNow(0.1, 60)));
    await clock.advance(180_000);
    assert.equal(simulationThreads().length, 2, 'one that works is not let go');
    for (const lease of busy) lease.stop();
    await Promise.all(ends);
  });

  it('ends the job of a thread that breaks, tells of it, and replaces the thread', async (test) => {
    const { pool, broken } = await poolOf(test, 1);
    const [lease] = await pool.lend(1);
    // A job that no thread understands stands for any defect on the other side.
    const end = await lease?.run({ ...jobFromNow(1, 1), startNs: 'never' as unknown as bigint, deadlineNs: 1n });
    assert.equal(end?.type, 'broken');
    assert.equal(broken.length, 1);
    await until('there is another thread', () => pool.isWhole());
    const [next] = await pool.lend(1);
    assert.deepEqual(await next?.run(jobFromNow(0.1, 0.05)), { type: 'done' });
  });
});
