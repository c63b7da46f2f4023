/** What log stores and their queries rely on. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { createLogger } from '#observability/logger.ts';
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

  it('has no field that docs/reference/logs.md does not name, and no text from outside', async (test) => {
    const page = readFileSync(new URL('../../docs/reference/logs.md', import.meta.url), 'utf8');
    const documented = new Set(
      [...page.matchAll(/^\| ([^|]+) \|/gm)].flatMap(([, cell = '']) =>
        [...cell.matchAll(/`(\w+)`/g)].map(([, name]) => name),
      ),
    );
    const { ask, log } = await startInProcess(test);
    await ask('/nope/canary?canary=1', { headers: { cookie: 'canary', authorization: 'canary' } });
    await ask('/simulate-cpu', { body: { seconds: 0.1, load: 0.1 } });
    await ask('/simulate-cpu', { body: { seconds: 99_999 } });
    await ask('/simulate-cpu', { body: '{"canary":' });
    await until('all are logged', () => log.filter(({ msg }) => msg === 'request finished').length === 4);
    assert.ok(log.some(({ msg }) => msg === 'simulation ended') && log.some(({ msg }) => msg === 'simulation refused'));
    for (const line of log)
      for (const name of Object.keys(line)) assert.ok(documented.has(name), `${name} in ${JSON.stringify(line)}`);
    assert.doesNotMatch(JSON.stringify(log), /canary/);
  });

  it('says of an error its type, message, stack and code, and nothing that hangs on it', () => {
    const lines: string[] = [];
    const logger = createLogger('info', {}, { write: (line: string) => void lines.push(line) });
    const error = Object.assign(new TypeError('broken'), {
      code: 'EBROKEN',
      request: { headers: { cookie: 'canary' } },
    });
    logger.error({ err: error }, 'request failed');
    logger.error({ err: 'a word' }, 'request failed');
    const [first, second] = lines.map((line) => JSON.parse(line).err);
    assert.deepEqual(Object.keys(first), ['type', 'message', 'stack', 'code']);
    assert.deepEqual([first.type, first.message, first.code], ['TypeError', 'broken', 'EBROKEN']);
    assert.deepEqual(second, { type: 'string', message: 'a word' });
  });

  it('writes the line of a request as pino would: valid JSON whatever the request was', async (test) => {
    const { ask, log } = await startInProcess(test);
    const before = Date.now();
    for (const method of ['GET', 'PUT', 'PURGE'])
      await ask('/%22%5c%0a', { method, headers: { 'x-request-id': 'a'.repeat(64) } });
    await until('all are logged', () => log.filter(({ msg }) => msg === 'request finished').length === 3);
    for (const line of log.filter(({ msg }) => msg === 'request finished')) {
      const at = Date.parse(String(line['time']));
      assert.ok(at >= before && at <= Date.now() + 1, String(line['time']));
      assert.equal(line['request_id'], 'a'.repeat(64));
    }
  });
});
