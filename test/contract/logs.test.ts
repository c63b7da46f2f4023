/** What log stores and their queries rely on. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { startInProcess } from '#test/support/in-process.ts';
import { until } from '#test/support/until.ts';

describe('the log', () => {
  it('has one line for each request, with stable fields', async (test) => {
    const { ask, log } = await startInProcess(test);
    await ask('/status?secret=1', { headers: { 'x-request-id': 'request-0001' } });
    const lines = log.filter(({ request_id }) => request_id === 'request-0001');
    assert.equal(lines.length, 1);
    const { time, duration_ms, bytes, trace_id, span_id, ...rest } = lines[0] ?? { msg: '', level: '' };
    assert.deepEqual(rest, {
      level: 'info',
      severity: 'INFO',
      service: 'skyops',
      request_id: 'request-0001',
      method: 'GET',
      path: '/status',
      status: 200,
      client: '127.0.0.1',
      msg: 'request finished',
    });
    assert.match(`${trace_id} ${span_id}`, /^[0-9a-f]{32} [0-9a-f]{16}$/);
    assert.equal(new Date(String(time)).toISOString(), time);
    assert.ok(Number(duration_ms) > 0 && Number(bytes) > 500);
  });

  it('has probes and scrapes at debug', async (test) => {
    const { ask, log } = await startInProcess(test);
    for (const path of ['/health', '/ready', '/metrics']) await ask(path);
    const requests = await until('all are logged', () => {
      const lines = log.filter(({ msg }) => msg === 'request finished');
      return lines.length === 3 && lines;
    });
    for (const line of requests) assert.equal(line.level, 'debug');
  });

  it('has nothing of them at the default level', async (test) => {
    const { ask, log } = await startInProcess(test, { SKYOPS_LOG_LEVEL: 'info' });
    for (const path of ['/health', '/ready', '/metrics', '/']) await ask(path);
    await until('the last one is logged', () => log.some(({ path }) => path === '/'));
    assert.equal(log.filter(({ msg }) => msg === 'request finished').length, 1);
  });
});
