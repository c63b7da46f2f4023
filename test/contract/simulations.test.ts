/** Starting, waiting for, reading and cancelling simulations over HTTP. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { startInProcess } from '#test/support/in-process.ts';
import { until } from '#test/support/until.ts';

describe('simulations', () => {
  it('POST /simulate-cpu burns, waits, and answers with the report', async (test) => {
    const { ask } = await startInProcess(test);
    const { status, json, headers } = await ask('/simulate-cpu', { body: { seconds: 0.3, load: 0.5 } });
    assert.equal(status, 200);
    assert.equal(json.state, 'ended');
    assert.equal(json.ended_because, 'completed');
    assert.deepEqual(json.requested, {
      seconds: 0.3,
      cpu: null,
      shape: { type: 'constant' },
      parallelism: 1,
      load: 0.5,
      saturate: false,
      cores: 0.5,
      core_seconds: 0.15,
    });
    assert.deepEqual(json.granted, { seconds: 0.3, threads: 1, cores: 0.5, core_seconds: 0.15, limited_by: null });
    // Never more than asked; on a machine that is busy with other things perhaps less.
    assert.ok(json.delivered.core_seconds > 0.05 && json.delivered.core_seconds < 0.16, JSON.stringify(json.delivered));
    assert.equal(headers.get('location'), `/simulations/${json.id}`);
    assert.deepEqual((await ask(`/simulations/${json.id}`)).json, json);
  });

  it('takes the defaults, sent or not, beside an exact amount', async (test) => {
    const { ask } = await startInProcess(test);
    const body = { seconds: 0.2, cpu: '50m', parallelism: 1, load: 1, saturate: false, shape: { type: 'constant' } };
    const { status, json } = await ask('/simulate-cpu', { body });
    assert.equal(status, 200, JSON.stringify(json));
    assert.equal(json.granted.cores, 0.05);
    const flatOut = await ask('/simulate-cpu', { body: { seconds: 0.1, load: 0.1, shape: { type: 'constant' } } });
    assert.equal(flatOut.status, 200);
    const memory = { seconds: 0.3, memory: '8Mi', allow_oom: false, shape: { type: 'constant' } };
    assert.equal((await ask('/simulations/memory', { body: memory })).status, 202);
  });

  it('an exact amount is granted whole, follows its shape, and is reported', async (test) => {
    const { ask } = await startInProcess(test);
    const shape = { type: 'ramp', from: 0, to: 1 };
    const { status, json } = await ask('/simulate-cpu', { body: { seconds: 1, cpu: '400m', shape } });
    assert.equal(status, 200);
    assert.equal(json.requested.cpu, '400m');
    assert.deepEqual(json.requested.shape, shape);
    assert.deepEqual(json.granted, { seconds: 1, threads: 1, cores: 0.4, core_seconds: 0.2, limited_by: null });
    // Never more than asked but for one period of the duty cycle; on a busy machine perhaps less.
    assert.ok(json.delivered.core_seconds > 0.1 && json.delivered.core_seconds < 0.21, JSON.stringify(json.delivered));
  });

  it('an exact amount that never fits is 422, one that does not fit now is 429', async (test) => {
    const { ask } = await startInProcess(test, { SKYOPS_MAX_CORES: '256' });
    const { cpus } = (await ask('/status')).json.system;
    const never = await ask('/simulations/cpu', { body: { cpu: cpus + 0.5 } });
    assert.deepEqual([never.status, never.json.code, never.json.errors[0].pointer], [422, 'over-capacity', '/cpu']);
    const first = await ask('/simulations/cpu', { body: { cpu: `${cpus * 1000 - 100}m`, seconds: 20 } });
    assert.equal(first.status, 202);
    const later = await ask('/simulations/cpu', { body: { cpu: '200m' } });
    assert.deepEqual([later.status, later.json.code], [429, 'capacity-exhausted']);
    assert.equal((await ask('/simulations/cpu', { body: { cpu: '100m' } })).status, 202);
  });

  it('an empty body asks for the defaults', async (test) => {
    const { ask } = await startInProcess(test);
    for (const request of [{ method: 'POST' }, { body: '' }, { body: {} }]) {
      const { status, json } = await ask('/simulations/cpu', request);
      assert.equal(status, 202);
      assert.equal(json.requested.seconds, 10);
      assert.equal(json.requested.parallelism, 1);
      assert.equal(json.requested.load, 1);
      await ask('/simulations', { method: 'DELETE' });
    }
  });

  it('Prefer: respond-async answers 202 at once, with Location', async (test) => {
    const { ask } = await startInProcess(test);
    const { status, json, headers } = await ask('/simulate-cpu', {
      body: { seconds: 60, load: 0.1 },
      headers: { prefer: 'respond-async' },
    });
    assert.equal(status, 202);
    assert.equal(headers.get('preference-applied'), 'respond-async');
    assert.equal(headers.get('vary'), 'prefer');
    assert.equal(json.state, 'running');
    assert.equal((await ask(headers.get('location') ?? '')).json.id, json.id);
  });

  it('Prefer: wait answers 202 when the wait is over, and the simulation goes on', async (test) => {
    const { ask } = await startInProcess(test);
    const { status, json } = await ask('/simulate-cpu', {
      body: { seconds: 60, load: 0.1 },
      headers: { prefer: 'wait=1' },
    });
    assert.equal(status, 202);
    assert.ok(json.delivered.seconds >= 0.9);
    assert.equal((await ask(`/simulations/${json.id}`)).json.state, 'running');
  });

  it('Prefer: wait makes POST /simulations/cpu wait for the report', async (test) => {
    const { ask } = await startInProcess(test);
    const { status, json } = await ask('/simulations/cpu', {
      body: { seconds: 0.2, load: 0.1 },
      headers: { prefer: 'wait=30' },
    });
    assert.equal(status, 200);
    assert.equal(json.ended_because, 'completed');
  });

  it('a caller who hangs up while waiting cancels; the log has status 499', async (test) => {
    const { ask, log } = await startInProcess(test);
    const caller = new AbortController();
    const answer = ask('/simulate-cpu', { body: { seconds: 60, load: 0.1 }, signal: caller.signal });
    const listed = () => ask('/simulations').then(({ json }) => json.simulations[0]);
    await until('it runs', async () => (await listed())?.state === 'running');
    caller.abort();
    await assert.rejects(answer);
    const ended = await until('it has ended', async () => {
      const simulation = await listed();
      return simulation.state === 'ended' && simulation;
    });
    assert.equal(ended.ended_because, 'client_gone');
    const line = await until('the request is in the log', () => log.find(({ status }) => status === 499));
    assert.equal(line['path'], '/simulate-cpu');
  });

  it('a caller who hangs up before the threads are there cancels it too', async (test) => {
    const { ask } = await startInProcess(test);
    const caller = new AbortController();
    // More threads than wait warm, so that starting them takes a while.
    const answer = ask('/simulate-cpu', { body: { seconds: 60, parallelism: 8, load: 0.01 }, signal: caller.signal });
    const listed = () => ask('/simulations').then(({ json }) => json.simulations[0]);
    await until('it is listed', listed);
    caller.abort();
    await assert.rejects(answer);
    await until('it has ended', async () => (await listed()).ended_because === 'client_gone');
  });

  it('DELETE cancels one and answers with its report', async (test) => {
    const { ask } = await startInProcess(test);
    const { json } = await ask('/simulations/cpu', { body: { seconds: 60, load: 0.1 } });
    const { status, json: report } = await ask(`/simulations/${json.id}`, { method: 'DELETE' });
    assert.equal(status, 200);
    assert.equal(report.ended_because, 'cancelled');
    const again = await ask(`/simulations/${json.id}`, { method: 'DELETE' });
    assert.deepEqual(again.json, report);
  });

  it('DELETE /simulations cancels all, and their waiting callers get the report', async (test) => {
    const { ask } = await startInProcess(test);
    const waiting = ask('/simulate-cpu', { body: { seconds: 60, load: 0.1 } });
    await ask('/simulations/cpu', { body: { seconds: 60, load: 0.1 } });
    await until('both run', async () => (await ask('/status')).json.simulations.running_count === 2);
    const { json } = await ask('/simulations', { method: 'DELETE' });
    assert.equal(json.cancelled.length, 2);
    const { status, json: report } = await waiting;
    assert.equal(status, 200);
    assert.equal(report.ended_because, 'cancelled');
  });

  it('Idempotency-Key makes a repeated POST the same simulation, waiting or not', async (test) => {
    const { ask } = await startInProcess(test);
    const headers = { 'idempotency-key': 'order-4711' };
    const first = await ask('/simulations/cpu', { body: { seconds: 1, cpu: '50m' }, headers });
    const [second, waited] = await Promise.all([
      ask('/simulations/cpu', { body: { cpu: '50m', seconds: 1 }, headers }),
      ask('/simulate-cpu', { body: { seconds: 1, cpu: '50m' }, headers }),
    ]);
    assert.deepEqual([first.status, second.status, waited.status], [202, 202, 200]);
    assert.equal(second.json.id, first.json.id);
    assert.equal(waited.json.id, first.json.id);
    const after = await ask('/simulations/cpu', { body: { seconds: 1, cpu: '50m' }, headers });
    assert.equal(after.json.id, first.json.id);
    assert.equal((await ask('/simulations')).json.simulations.length, 1);
  });

  it('an Idempotency-Key is remembered beyond the simulations that are', { timeout: 60_000 }, async (test) => {
    const { ask } = await startInProcess(test, { SKYOPS_LOG_LEVEL: 'silent' });
    const short = { cpu: '1m', seconds: 0.1 };
    const headers = { 'idempotency-key': 'order-4711' };
    const first = await ask('/simulate-cpu', { body: short, headers });
    for (let batch = 0; batch < 13; batch += 1)
      await Promise.all(Array.from({ length: 8 }, () => ask('/simulate-cpu', { body: short })));
    assert.equal((await ask(`/simulations/${first.json.id}`)).status, 404, 'it is not kept any more');
    const again = await ask('/simulate-cpu', { body: short, headers });
    assert.deepEqual([again.status, again.json.id], [200, first.json.id]);
    assert.deepEqual(again.json, { ...first.json, samples: [] });
    const late = await ask('/simulations/cpu', { body: short, headers });
    assert.deepEqual([late.status, late.json.id], [202, first.json.id]);
  });

  it('the same Idempotency-Key with another body is refused, an ill-formed one too', async (test) => {
    const { ask } = await startInProcess(test);
    const headers = { 'idempotency-key': '"order-4711"' };
    await ask('/simulations/cpu', { body: { cpu: '50m', seconds: 5 }, headers });
    const other = await ask('/simulations/cpu', { body: { cpu: '60m', seconds: 5 }, headers });
    assert.deepEqual([other.status, other.json.code], [422, 'idempotency-key-reused']);
    const odd = await ask('/simulations/cpu', { body: {}, headers: { 'idempotency-key': 'a b' } });
    assert.deepEqual([odd.status, odd.json.code], [400, 'invalid-parameter']);
  });

  it('an Idempotency-Key whose request was refused is tried anew', async (test) => {
    const { ask } = await startInProcess(test, { SKYOPS_MAX_SIMULATIONS: '1' });
    const { json } = await ask('/simulations/cpu', { body: { seconds: 30, cpu: '50m' } });
    const again = () =>
      ask('/simulations/cpu', { body: { seconds: 5, cpu: '50m' }, headers: { 'idempotency-key': 'retry-1' } });
    assert.equal((await again()).status, 429);
    await ask(`/simulations/${json.id}`, { method: 'DELETE' });
    assert.equal((await again()).status, 202);
  });

  it('what others hold is refused with 429 and the seconds until there is room', async (test) => {
    const { ask } = await startInProcess(test, { SKYOPS_MAX_CORES: '1' });
    await ask('/simulations/cpu', { body: { seconds: 40 } });
    const { status, json, headers } = await ask('/simulate-cpu', { body: { seconds: 1 } });
    assert.equal(status, 429);
    assert.equal(json.code, 'capacity-exhausted');
    const seconds = Number(headers.get('retry-after'));
    assert.ok(seconds >= 38 && seconds <= 40, String(seconds));
  });

  it('more simulations than the cap are refused with 429', async (test) => {
    const { ask } = await startInProcess(test, { SKYOPS_MAX_SIMULATIONS: '1' });
    await ask('/simulations/cpu', { body: { seconds: 30, load: 0.05 } });
    const { status, json } = await ask('/simulations/cpu', { body: { seconds: 30, load: 0.05 } });
    assert.equal(status, 429);
    assert.match(json.detail, /SKYOPS_MAX_SIMULATIONS/);
  });

  it('/status and the metrics show what runs', async (test) => {
    const { ask } = await startInProcess(test);
    const { json } = await ask('/simulations/cpu', { body: { seconds: 30, load: 0.25 } });
    const { simulations } = (await ask('/status')).json;
    assert.equal(simulations.running[0].id, json.id);
    assert.equal(simulations.cores_in_use, 0.25);
    const running = (await ask('/metrics')).text;
    assert.match(running, /^skyops_simulation_active\{kind="cpu"\} 1$/m);
    assert.match(running, /^skyops_simulation_requested_cores\{kind="cpu"\} 0.25$/m);
    await ask('/simulations', { method: 'DELETE' });
    const ended = (await ask('/metrics')).text;
    assert.match(ended, /^skyops_simulation_active\{kind="cpu"\} 0$/m);
    assert.match(ended, /^skyops_simulations_ended_total\{kind="cpu",because="cancelled"\} 1$/m);
  });

  it('start and end are in the log, under the id of the request', async (test) => {
    const { ask, log } = await startInProcess(test);
    const { json } = await ask('/simulate-cpu', {
      body: { seconds: 0.1, load: 0.1 },
      headers: { 'x-request-id': 'order-12345' },
    });
    const lines = log.filter(({ simulation_id }) => simulation_id === json.id);
    assert.deepEqual(
      lines.map(({ msg, request_id }) => [msg, request_id]),
      [
        ['simulation started', 'order-12345'],
        ['simulation ended', 'order-12345'],
      ],
    );
    assert.deepEqual(lines[1]?.['delivered'], json.delivered);
  });
});
