/** The bodies that programs out there depend on. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { startInProcess } from '#test/support/in-process.ts';

describe('the endpoints', () => {
  it('GET /health is {"status":"ok"}, exactly', async (test) => {
    const { ask } = await startInProcess(test);
    const { status, text, headers } = await ask('/health');
    assert.equal(status, 200);
    assert.equal(text, '{"status":"ok"}');
    assert.equal(headers.get('content-type'), 'application/json; charset=utf-8');
    assert.equal(headers.get('cache-control'), 'no-store');
  });

  it('GET /ready is {"ready":true}, exactly', async (test) => {
    const { ask } = await startInProcess(test);
    const { status, text } = await ask('/ready');
    assert.equal(status, 200);
    assert.equal(text, '{"ready":true}');
  });

  it('?verbose adds each check to both', async (test) => {
    const { ask } = await startInProcess(test);
    assert.deepEqual((await ask('/health?verbose')).json, {
      status: 'ok',
      checks: [{ name: 'event-loop', ok: true, reason: null }],
    });
    assert.deepEqual((await ask('/ready?verbose')).json, {
      ready: true,
      checks: [
        { name: 'phase', ok: true, reason: null },
        { name: 'worker-pool', ok: true, reason: null },
        { name: 'worker-thread', ok: true, reason: null },
      ],
    });
  });

  it('?verbose as text/plain is in the style of Kubernetes’ own', async (test) => {
    const { ask } = await startInProcess(test);
    const headers = { accept: 'text/plain' };
    const health = await ask('/health?verbose', { headers });
    assert.equal(health.headers.get('content-type'), 'text/plain; charset=utf-8');
    assert.equal(health.text, '[+]event-loop ok\nhealth check passed\n');
    assert.equal(
      (await ask('/ready?verbose', { headers })).text,
      '[+]phase ok\n[+]worker-pool ok\n[+]worker-thread ok\nready check passed\n',
    );
    // Without ?verbose, and for whoever takes JSON too, the form is the documented one.
    assert.deepEqual((await ask('/ready', { headers })).json, { ready: true });
    assert.equal((await ask('/ready?verbose', { headers: { accept: '*/*' } })).json.ready, true);
  });

  it('GET / says what it is and links to everything', async (test) => {
    const { ask } = await startInProcess(test);
    const { json } = await ask('/');
    assert.equal(json.name, 'skyops');
    assert.equal(json.version, '1.2.3');
    assert.equal(json.commit, 'abcdef1');
    assert.equal(json.phase, 'ready');
    assert.ok(json.uptime_seconds >= 0);
    assert.equal(new Date(json.started_at).toISOString(), json.started_at);
    for (const [name, path] of Object.entries(json.links)) {
      // A stream has no end to wait for; test/contract/events.test.ts reads it.
      if (name === 'events') continue;
      const { status } = await ask(String(path));
      // The one link that starts something answers to POST only.
      assert.equal(status, name === 'simulate_cpu' ? 405 : 200, String(path));
    }
  });

  it('GET /status says what is used, allowed, set and running', async (test) => {
    const { ask } = await startInProcess(test, { SKYOPS_POD_NAME: 'skyops-5d4f', SKYOPS_NODE_NAME: 'node-1' });
    const { json } = await ask('/status');
    assert.deepEqual(json.service.pod, { name: 'skyops-5d4f', namespace: null, ip: null, node: 'node-1' });
    assert.ok(json.process.memory_rss_bytes > 10_000_000);
    assert.ok(json.process.cpu_percent >= 0);
    assert.ok(json.process.event_loop.utilization_ratio <= 1);
    assert.ok(json.process.event_loop.delay_p99_ms >= 0);
    assert.ok(json.system.cpus >= 1);
    const { limit_bytes } = json.container.memory;
    assert.ok(limit_bytes === null || limit_bytes < 2 ** 62, 'an absent limit is null');
    assert.equal(json.simulations.running_count, 0);
    assert.ok(json.simulations.cores_grantable > 0);
  });

  it('GET /status shows the documented variables and no other', async (test) => {
    process.env['CANARY_TOKEN'] = 'canary-b81';
    test.after(() => delete process.env['CANARY_TOKEN']);
    const { ask } = await startInProcess(test, {
      SKYOPS_POD_NAME: 'pod-1',
      HOME: '/canary-b81',
      AWS_SECRET: 'canary-b81',
    });
    const { json, text } = await ask('/status');
    assert.deepEqual(Object.keys(json.environment).toSorted(), [
      'SKYOPS_DRAIN_DELAY_SECONDS',
      'SKYOPS_DRAIN_TIMEOUT_SECONDS',
      'SKYOPS_HOST',
      'SKYOPS_LOG_LEVEL',
      'SKYOPS_POD_NAME',
      'SKYOPS_PORT',
    ]);
    assert.doesNotMatch(text, /canary/);
  });

  it('every answer carries a request id: the caller’s if it is well formed, else a new one', async (test) => {
    const { ask, log } = await startInProcess(test);
    const id = (headers: Record<string, string>, path = '/health') =>
      ask(path, { headers }).then((answer) => answer.headers.get('x-request-id'));
    assert.equal(await id({ 'x-request-id': 'build-7f3a.1' }), 'build-7f3a.1');
    assert.match((await id({ 'x-request-id': 'no' })) ?? '', /^[0-9a-f]{32}$/);
    assert.match((await id({}, '/nope')) ?? '', /^[0-9a-f]{32}$/);
    assert.ok(log.some(({ request_id }) => request_id === 'build-7f3a.1'));
    assert.ok(!log.some(({ request_id }) => request_id === 'no'));
  });

  it('no answer may be framed, sniffed, cached or followed by a referrer', async (test) => {
    const { ask } = await startInProcess(test);
    for (const path of ['/', '/nope', '/metrics', '/openapi.json']) {
      const { headers } = await ask(path);
      assert.match(headers.get('content-security-policy') ?? '', /default-src 'none'.*frame-ancestors 'none'/, path);
      assert.equal(headers.get('x-content-type-options'), 'nosniff', path);
      assert.equal(headers.get('referrer-policy'), 'no-referrer', path);
    }
  });
});
