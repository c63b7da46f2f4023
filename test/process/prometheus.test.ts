/** A real Prometheus scrapes SkyOps and computes the right rate. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { makeFileTree } from '#test/support/file-tree.ts';
import { startOwnProcess } from '#test/support/own-process.ts';
import { hasTool } from '#test/support/tool.ts';
import { until } from '#test/support/until.ts';

const SCRAPE_SECONDS = 1;

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

async function startPrometheus(test: TestContext, target: string): Promise<string> {
  const folder = makeFileTree(test, {
    'prometheus.yml': `global: { scrape_interval: ${SCRAPE_SECONDS}s }
scrape_configs:
  - job_name: skyops
    static_configs: [{ targets: ['${new URL(target).host}'] }]
`,
  });
  const port = await freePort();
  const child = spawn(
    'prometheus',
    [
      `--config.file=${folder}/prometheus.yml`,
      `--storage.tsdb.path=${folder}/data`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--log.level=error',
    ],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  const exited = new Promise((resolve) => child.once('exit', resolve));
  test.after(async () => {
    child.kill('SIGTERM');
    await exited;
  });
  return `http://127.0.0.1:${port}`;
}

type Vector = { readonly metric: Record<string, string>; readonly value: readonly [number, string] }[];

describe('a real Prometheus', () => {
  it('finds the target up, the four named series, and the rate of a known number of requests', async (test) => {
    if (!hasTool(test, 'prometheus')) return;
    const { url } = await startOwnProcess(test);
    const prometheus = await startPrometheus(test, url);
    const query = async (expression: string): Promise<Vector> => {
      const response = await fetch(`${prometheus}/api/v1/query?query=${encodeURIComponent(expression)}`);
      const body = (await response.json()) as { data: { result: Vector } };
      return body.data.result;
    };
    const numberOf = async (expression: string) => Number((await query(expression))[0]?.value[1] ?? Number.NaN);

    await fetch(`${url}/status`);
    await until('the target is up', () =>
      numberOf('up{job="skyops"}').then(
        (up) => up === 1,
        () => false,
      ),
    );
    await until(
      'the first request is scraped',
      async () => (await numberOf('skyops_http_requests_total{path="/status"}')) === 1,
    );
    for (const name of [
      'skyops_http_requests_total',
      'skyops_http_request_duration_seconds_count',
      'skyops_cpu_percent',
      'skyops_memory_rss_bytes',
    ]) {
      assert.ok((await query(name)).length > 0, name);
    }

    for (let index = 0; index < 120; index += 1) await fetch(`${url}/status`);
    await until(
      'all of them are scraped',
      async () => (await numberOf('skyops_http_requests_total{path="/status"}')) === 121,
    );
    const rate = await numberOf('rate(skyops_http_requests_total{path="/status"}[1m])');
    const scrapes = await numberOf('count_over_time(skyops_http_requests_total{path="/status"}[1m])');
    // 120 in a minute are 2 a second; rate() extrapolates by at most half a scrape interval on each side of what it has.
    const most = 2 * (1 + 1.5 / (scrapes - 1));
    assert.ok(rate >= 2 && rate <= most, `rate is ${rate}, expected 2 to ${most}`);
    assert.equal(await numberOf('sum(skyops_http_request_duration_seconds_count{path="/status"})'), 121);
  });
});
