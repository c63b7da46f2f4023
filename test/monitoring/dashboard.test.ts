/** Every query of the dashboard, executed by a real Prometheus over a service that has something to show. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { startCollector } from '#test/support/collector.ts';
import { startOwnProcess } from '#test/support/own-process.ts';
import { type Series, startPrometheus } from '#test/support/prometheus.ts';
import { hasTool } from '#test/support/tool.ts';
import { until } from '#test/support/until.ts';
import { dashboard, rows } from '../../tools/dashboard.ts';
import { drawPanel } from './support/panel-pictures.ts';

/** What only a container with limits, or cgroup version 2, has; a machine without them shows nothing there. */
const MAY_BE_EMPTY = /quota_cores|limit_bytes|cfs_|pressure_|container_pids|working_set/;

/** As Grafana fills in the variables; its interval is four times the scrape's. */
const filledIn = (expression: string) =>
  expression.replaceAll('$job', 'skyops').replaceAll('$instance', '.*').replaceAll('$__rate_interval', '4s');

describe('the dashboard', () => {
  it('shows something in every panel, and no query of it is wrong', async (test) => {
    if (!hasTool(test, 'prometheus')) return;
    const collector = await startCollector(test);
    const { url } = await startOwnProcess(test, {
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_BSP_SCHEDULE_DELAY: '100',
    });
    const post = (path: string, body: object) =>
      fetch(url + path, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
    const fromEpochMs = Date.now();
    const { query, queryRange, numberOf } = await startPrometheus(
      test,
      `global: { scrape_interval: 1s }
scrape_configs: [{ job_name: skyops, static_configs: [{ targets: ['${new URL(url).host}'] }] }]
`,
    );
    const seen = (expression: string) => until(expression, async () => (await numberOf(expression)) > 0);
    // Scraped before anything happens: what begins above 0 has not increased.
    await seen('up');
    assert.equal((await post('/simulations/cpu', { cpu: '300m', seconds: 60 })).status, 202);
    assert.equal((await post('/simulations/memory', { memory: '64Mi', seconds: 60 })).status, 202);
    assert.equal((await post('/simulations/cpu', { cpu: '300m', seconds: 99_999 })).status, 422);
    await post('/simulate-cpu', { cpu: '100m', seconds: 0.2 });
    for (let index = 0; index < 200; index += 1)
      await (await fetch(`${url}${index % 4 === 0 ? '/nope' : '/status'}`)).text();
    await seen('rate(skyops_spans_exported_total[4s])');
    await seen('rate(skyops_simulation_delivered_core_seconds_total[4s]) > 0.2');
    await seen('skyops_simulation_resident_bytes > 60000000');
    await seen('skyops_scrape_duration_seconds');

    const empty: string[] = [];
    const pictures: { title: string; unit: string; lines: { legend: string; series: readonly Series[] }[] }[] = [];
    for (const { title, panels } of rows) {
      for (const panel of panels) {
        const lines = [];
        for (const { expr, legend } of panel.queries) {
          const found = await query(filledIn(expr));
          if (found.length === 0 && !MAY_BE_EMPTY.test(expr)) empty.push(`${title} / ${panel.title}: ${legend}`);
          lines.push({ legend, series: await queryRange(filledIn(expr), fromEpochMs, 1) });
        }
        pictures.push({ title: panel.title, unit: panel.unit, lines });
      }
    }
    // No request failed, so that there is nothing to divide by but also nothing to show; nothing was lost either.
    assert.deepEqual(empty, []);
    const folder = process.env['PICTURES'];
    if (folder === undefined) return;
    mkdirSync(folder, { recursive: true });
    for (const [index, picture] of pictures.entries())
      writeFileSync(`${folder}/panel-${index + 1}.svg`, drawPanel(picture));
  });

  it('is in monitoring/ as it is generated, with a unit, a place and an explanation for each panel', () => {
    const file = readFileSync(new URL('../../monitoring/grafana/skyops.json', import.meta.url), 'utf8');
    const { panels } = JSON.parse(file) as { panels: any[] };
    assert.deepEqual(JSON.parse(file), JSON.parse(JSON.stringify(dashboard())));
    const places = new Set(panels.map(({ gridPos: { x, y } }) => `${x} ${y}`));
    assert.equal(places.size, panels.length, 'two panels lie on each other');
    for (const { type, title, description, gridPos, fieldConfig } of panels) {
      assert.ok(gridPos.x + gridPos.w <= 24, title);
      if (type !== 'row') assert.ok(description.length > 5 && fieldConfig.defaults.unit, title);
    }
  });
});
