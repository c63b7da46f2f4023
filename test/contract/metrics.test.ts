/** What scrapers and dashboards rely on. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { connect } from 'node:net';
import { describe, it } from 'node:test';
import { startInProcess } from '#test/support/in-process.ts';
import { hasTool } from '#test/support/tool.ts';
import { until } from '#test/support/until.ts';

/** As Prometheus 2.42 asks. */
const PROMETHEUS_ACCEPT =
  'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1';

const TEXT = 'text/plain; version=0.0.4; charset=utf-8';
const OPENMETRICS = 'application/openmetrics-text; version=1.0.0; charset=utf-8';

/** Our series and their labels, without values; those of the runtime come and go with its sockets and collections. */
function seriesOf(text: string): string[] {
  return text.split('\n').flatMap((line) => (line.startsWith('skyops_') ? [line.replace(/ [^ ]+$/, '')] : []));
}

describe('the metrics', () => {
  it('promtool has nothing to say about them, idle and after every kind of request', async (test) => {
    if (!hasTool(test, 'promtool')) return;
    const { ask } = await startInProcess(test);
    for (const path of ['/', '/health', '/ready', '/nope', '/metrics', '/docs']) await ask(path);
    await ask('/simulate-cpu', { body: { seconds: 0.1, load: 0.1 } });
    await ask('/simulate-cpu', { body: { seconds: 99_999 } });
    const { text } = await ask('/metrics');
    const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });
    assert.equal(stdout + stderr, '');
    assert.equal(status, 0);
  });

  it('has the four named families, beside process_*, nodejs_* and the build', async (test) => {
    const { ask } = await startInProcess(test);
    await ask('/health');
    const { text } = await ask('/metrics');
    assert.match(text, /^skyops_http_requests_total\{method="GET",path="\/health",status="200"\} 1$/m);
    assert.match(text, /^skyops_http_request_duration_seconds_bucket\{le="0.005",method="GET",path="\/health"\} \d/m);
    assert.match(text, /^skyops_http_request_duration_seconds_count\{method="GET",path="\/health"\} 1$/m);
    assert.match(text, /^skyops_cpu_percent [\d.]+$/m);
    assert.match(text, /^skyops_memory_rss_bytes \d{8,}$/m);
    assert.match(text, /^skyops_build_info\{version="1.2.3",revision="abcdef1",runtime="node v26.+"\} 1$/m);
    assert.match(text, /^process_cpu_seconds_total [\d.]+$/m);
    assert.match(text, /^nodejs_heap_size_used_bytes \d/m);
  });

  it('answers in the format that is asked for', async (test) => {
    const { ask } = await startInProcess(test);
    for (const [accept, contentType] of [
      ['*/*', TEXT],
      ['text/plain', TEXT],
      ['application/openmetrics-text; version=1.0.0', OPENMETRICS],
      [PROMETHEUS_ACCEPT, OPENMETRICS],
      ['application/openmetrics-text;q=0', TEXT],
      ['text/html', TEXT],
    ] as const) {
      const { headers, text } = await ask('/metrics', { headers: { accept } });
      assert.equal(headers.get('content-type'), contentType, accept);
      assert.equal(text.endsWith('# EOF\n'), contentType === OPENMETRICS, accept);
      assert.equal(headers.get('vary'), 'accept, accept-encoding');
    }
  });

  it('keeps both formats whole when they are scraped at the same time', async (test) => {
    const { ask } = await startInProcess(test);
    const scrapes = Array.from({ length: 40 }, (_, index) =>
      ask('/metrics', { headers: { accept: index % 2 === 0 ? TEXT : OPENMETRICS } }),
    );
    for (const [index, { headers, text }] of (await Promise.all(scrapes)).entries()) {
      const isText = index % 2 === 0;
      assert.equal(headers.get('content-type'), isText ? TEXT : OPENMETRICS);
      // OpenMetrics names the family without the suffix, the text format with it; the series have it in both.
      assert.match(
        text,
        isText ? /^# TYPE skyops_http_requests_total counter$/m : /^# TYPE skyops_http_requests counter$/m,
      );
      assert.match(text, /^process_cpu_seconds_total [\d.]+$/m);
    }
  });

  it('counts probes and scrapes too', async (test) => {
    const { ask } = await startInProcess(test);
    for (let index = 0; index < 3; index += 1) await ask('/health');
    await ask('/metrics');
    const { text } = await ask('/metrics');
    assert.match(text, /requests_total\{method="GET",path="\/health",status="200"\} 3$/m);
    assert.match(text, /requests_total\{method="GET",path="\/metrics",status="200"\} 1$/m);
    assert.match(text, /^skyops_http_requests_in_flight 1$/m);
  });

  it('puts unknown paths and unknown methods into one series each', async (test) => {
    const { ask, url } = await startInProcess(test);
    await ask('/warm-up');
    await raw(url, 'PROPFIND /warm-up HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    await raw(url, 'GARBAGE\r\n\r\n');
    await ask('/metrics');
    const before = seriesOf((await ask('/metrics')).text);
    for (let index = 0; index < 200; index += 1) await ask(`/p${index}/${index}?q=${index}`);
    for (const method of ['PROPFIND', 'MKCOL', 'LOCK', 'REPORT', 'M-SEARCH', 'NOTIFY']) {
      await raw(url, `${method} /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
    }
    await raw(url, 'MADE-UP / HTTP/1.1\r\nHost: a\r\n\r\n');
    const { text } = await ask('/metrics');
    assert.deepEqual(seriesOf(text), before);
    assert.match(text, /requests_total\{method="GET",path="unmatched",status="404"\} 201$/m);
    assert.match(text, /requests_total\{method="_OTHER",path="unmatched",status="404"\} 7$/m);
  });

  it('counts a request whose client left, once, as 499', async (test) => {
    const { ask } = await startInProcess(test);
    const caller = new AbortController();
    const answer = ask('/simulate-cpu', { body: { seconds: 60, load: 0.1 }, signal: caller.signal });
    await until('it runs', async () => (await ask('/simulations')).json.simulations.length === 1);
    caller.abort();
    await assert.rejects(answer);
    const counted = /requests_total\{method="POST",path="\/simulate-cpu",status="499"\} 1$/m;
    await until('it is counted', async () => counted.test((await ask('/metrics')).text));
    assert.match((await ask('/metrics')).text, /^skyops_http_requests_in_flight 1$/m);
  });

  it('begins every documented route at 0, for its good answer and for 500, so that rate() sees the first failure', async (test) => {
    const { ask } = await startInProcess(test);
    const { text } = await ask('/metrics');
    for (const [method, path] of [
      ['GET', '/status'],
      ['POST', '/simulate-cpu'],
      ['DELETE', '/simulations/:id'],
    ]) {
      for (const status of [200, 500]) {
        assert.ok(
          text.includes(`\nskyops_http_requests_total{method="${method}",path="${path}",status="${status}"} 0\n`),
        );
      }
    }
  });

  it('is compressed for whoever takes gzip, and for nobody else', async (test) => {
    const { ask } = await startInProcess(test);
    for (const [accepted, isCompressed] of [
      ['gzip', true],
      ['deflate, GZIP;q=0.5', true],
      ['*', true],
      ['x-gzip', true],
      ['gzip;q=0, *', false],
      ['X-GZIP;q=0, *', false],
      ['identity', false],
      ['br', false],
    ] as const) {
      const { headers, text } = await ask('/metrics', { headers: { 'accept-encoding': accepted } });
      assert.equal(headers.get('content-encoding'), isCompressed ? 'gzip' : null, accepted);
      assert.equal(headers.get('vary'), 'accept, accept-encoding');
      // fetch has decompressed it.
      assert.match(text, /^skyops_cpu_percent /m);
    }
  });

  it('has OpenTelemetry’s names as well where they are asked for, and promtool takes them', async (test) => {
    const { ask } = await startInProcess(test, { SKYOPS_METRICS_SEMCONV: 'true', OTEL_SERVICE_NAME: 'shop' });
    await ask('/health');
    await ask('/nope');
    const { text } = await ask('/metrics');
    assert.match(
      text,
      /^http_server_request_duration_seconds_count\{http_request_method="GET",http_route="\/health",http_response_status_code="200",url_scheme="http"\} 1$/m,
    );
    assert.match(text, /^target_info\{service_name="shop",service_version="1.2.3",service_instance_id="[^"]+"\} 1$/m);
    assert.match(
      text,
      /^http_server_request_duration_seconds_count\{http_request_method="GET",http_response_status_code="404",url_scheme="http"\} 1$/m,
    );
    // Both are counted from the same requests.
    const sumOf = (name: string) =>
      [...text.matchAll(new RegExp(`^${name}_count\\{.*\\} (\\d+)$`, 'gm'))].reduce(
        (sum, [, count]) => sum + Number(count),
        0,
      );
    assert.equal(sumOf('http_server_request_duration_seconds'), sumOf('skyops_http_request_duration_seconds'));
    if (!hasTool(test, 'promtool')) return;
    const { stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });
    assert.equal(stdout + stderr, '');
  });

  it('says how long the scrape before took', async (test) => {
    const { ask } = await startInProcess(test);
    assert.doesNotMatch((await ask('/metrics')).text, /^skyops_scrape_duration_seconds/m);
    const seconds = Number(/^skyops_scrape_duration_seconds (\S+)$/m.exec((await ask('/metrics')).text)?.[1]);
    assert.ok(seconds > 0 && seconds < 5, String(seconds));
  });
});

function raw(url: string, bytes: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1', () => socket.write(bytes));
    socket.on('data', () => {});
    socket.on('close', () => resolve());
    socket.on('error', reject);
  });
}
