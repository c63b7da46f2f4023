/** A real Prometheus scrapes SkyOps, computes the right rate, and finds the way from a figure to a trace. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { startCollector } from '#test/support/collector.ts';
import { startOwnProcess } from '#test/support/own-process.ts';
import { startPrometheus } from '#test/support/prometheus.ts';
import { hasTool } from '#test/support/tool.ts';
import { until } from '#test/support/until.ts';

const scraping = (url: string) => `global: { scrape_interval: 1s }
scrape_configs:
  - job_name: skyops
    static_configs: [{ targets: ['${new URL(url).host}'] }]
`;

describe('a real Prometheus', () => {
  it('finds the target up, the four named series, and the rate of a known number of requests', async (test) => {
    if (!hasTool(test, 'prometheus')) return;
    const { url } = await startOwnProcess(test);
    const { query, numberOf } = await startPrometheus(test, scraping(url));

    await fetch(`${url}/status`);
    await until('the target is up', () =>
      numberOf('up{job="skyops"}').then(
        (up) => up === 1,
        () => false,
      ),
    );
    const ofStatus = 'skyops_http_requests_total{path="/status", status="200"}';
    await until('the first request is scraped', async () => (await numberOf(ofStatus)) === 1);
    for (const name of [
      'skyops_http_requests_total',
      'skyops_http_request_duration_seconds_count',
      'skyops_cpu_percent',
      'skyops_memory_rss_bytes',
    ]) {
      assert.ok((await query(name)).length > 0, name);
    }

    for (let index = 0; index < 120; index += 1) await fetch(`${url}/status`);
    await until('all of them are scraped', async () => (await numberOf(ofStatus)) === 121);
    const rate = await numberOf(`rate(${ofStatus}[1m])`);
    const scrapes = await numberOf(`count_over_time(${ofStatus}[1m])`);
    // 120 in a minute are 2 a second; rate() extrapolates by at most half a scrape interval on each side of what it has. The
    // series is there from the first scrape on, so that the first request may count too.
    const most = (121 / 120) * 2 * (1 + 1.5 / (scrapes - 1));
    assert.ok(rate >= 2 && rate <= most, `rate is ${rate}, expected 2 to ${most}`);
    assert.equal(await numberOf('sum(skyops_http_request_duration_seconds_count{path="/status"})'), 121);
  });

  it('finds the trace of a request behind its bucket, in OpenMetrics', async (test) => {
    if (!hasTool(test, 'prometheus')) return;
    const collector = await startCollector(test);
    const { url } = await startOwnProcess(test, {
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_BSP_SCHEDULE_DELAY: '20',
    });
    const sinceSeconds = Date.now() / 1000;
    const { get } = await startPrometheus(test, scraping(url), {}, ['exemplar-storage']);
    const answer = await fetch(`${url}/status`);
    const traceId = answer.headers.get('x-request-id');
    const bucket = encodeURIComponent('skyops_http_request_duration_seconds_bucket{path="/status"}');
    const exemplar = await until('its exemplar is stored', async () => {
      const found = await get(
        `/api/v1/query_exemplars?query=${bucket}&start=${sinceSeconds - 5}&end=${Date.now() / 1000 + 5}`,
      );
      return found[0]?.exemplars[0];
    });
    assert.equal(exemplar.labels.trace_id, traceId);
    assert.equal(collector.spans.find(({ spanId }) => spanId === exemplar.labels.span_id)?.traceId, traceId);
    assert.ok(Number(exemplar.value) > 0 && Number(exemplar.value) < 5, exemplar.value);
  });
});
