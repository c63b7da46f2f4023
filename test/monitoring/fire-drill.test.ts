/**
 * Provokes every alert that SkyOps itself can provoke, with a real Prometheus and a real Alertmanager, and sees each of them
 * arrive at a webhook, and clear. The rules are those of monitoring/ with every duration a sixtieth of what it is.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startCollector } from '#test/support/collector.ts';
import { makeFileTree } from '#test/support/file-tree.ts';
import { makeLimitedGroup } from '#test/support/limited-group.ts';
import { type OwnProcess, startOwnProcess } from '#test/support/own-process.ts';
import { freePort, runForTest, startPrometheus } from '#test/support/prometheus.ts';
import { hasTool } from '#test/support/tool.ts';
import { until } from '#test/support/until.ts';

const RULES = readFileSync(new URL('../../monitoring/prometheus/rules.yaml', import.meta.url), 'utf8');
const PAUSE = fileURLToPath(new URL('../support/pause-on-sigusr2.ts', import.meta.url));
const MEBIBYTE = 1024 ** 2;
/** An hour of the rules is a minute here; beyond that, the services and the scrapes need their time. */
const PATIENCE_MS = 150_000;

/** Hours become minutes, minutes become seconds. */
function hurried(rules: string): string {
  const shorter = (text: string) =>
    text.replaceAll(/\b(\d+)(h|m)\b/g, (_, count: string, unit: string) => (unit === 'h' ? `${count}m` : `${count}s`));
  return (
    rules
      .split('\n')
      .map((line) => (/^\s*(summary|description|runbook|#|- record|- alert):/.test(line) ? line : shorter(line)))
      .join('\n')
      // The names of the recorded series have their durations in them, on both sides.
      .replaceAll(/(ratio_rate|_seconds:p99_rate|requests:rate|cores:rate)(\d+)[smh]\b/g, '$1$2x')
  );
}

type Arrivals = { readonly isFiring: (alert: string) => boolean; readonly hasCleared: (alert: string) => boolean };

/** A webhook that Alertmanager calls; remembers the latest state of each alert. */
async function startWebhook(test: TestContext): Promise<Arrivals & { readonly url: string }> {
  const states = new Map<string, string>();
  const server = createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    for (const { status, labels } of (JSON.parse(text) as { alerts: any[] }).alerts)
      states.set(labels.alertname, status);
    response.end();
  }).listen(0, '127.0.0.1');
  await until('the webhook listens', () => server.listening);
  test.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as { port: number };
  return {
    url: `http://127.0.0.1:${port}/`,
    isFiring: (alert) => states.get(alert) === 'firing',
    hasCleared: (alert) => states.get(alert) === 'resolved',
  };
}

async function startAlertmanager(test: TestContext, webhook: string): Promise<string> {
  const folder = makeFileTree(test, {
    'alertmanager.yml': `route: { receiver: drill, group_by: [alertname, instance, kind], group_wait: 0s, group_interval: 1s, repeat_interval: 1h }
receivers: [{ name: drill, webhook_configs: [{ url: '${webhook}', send_resolved: true }] }]
`,
  });
  const port = await freePort();
  runForTest(test, 'prometheus-alertmanager', [
    `--config.file=${folder}/alertmanager.yml`,
    `--storage.path=${folder}/data`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--cluster.listen-address=',
    '--log.level=error',
  ]);
  return `127.0.0.1:${port}`;
}

/** A drill takes minutes; whoever waits for it sees how far it is. */
const progress = (text: string) => process.stderr.write(`  ${text}\n`);

/** Does something again and again until it is stopped. */
function keepDoing(test: TestContext, periodMs: number, act: () => void): () => void {
  const timer = setInterval(act, periodMs);
  const stop = () => clearInterval(timer);
  test.after(stop);
  return stop;
}

/** What is read of the answers of several routes; one without it fails the drill by itself. */
type Answered = {
  readonly id: string;
  readonly container: { readonly memory: { readonly working_set_bytes: number } };
};

const send = (url: string, method: string, body?: object) =>
  fetch(url, {
    method,
    headers: { connection: 'close', ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  }).then(async (answer) => ({ status: answer.status, json: (await answer.json()) as Answered }));

/** Asks for the largest file, ten times over so that no buffer takes it all, and reads only after half a second. */
function readSlowly(url: string): void {
  const { port } = new URL(url);
  const socket = connect({ port: Number(port), host: '127.0.0.1' });
  socket.write('GET /redoc/bundle.js HTTP/1.1\r\nhost: drill\r\n\r\n'.repeat(10));
  socket.pause();
  socket.on('error', () => {});
  setTimeout(() => socket.resume(), 500).unref();
  setTimeout(() => socket.destroy(), 2000).unref();
}

it('every alert arrives when it is provoked, and clears when its cause is gone', { timeout: 600_000 }, async (test) => {
  if (!hasTool(test, 'prometheus') || !hasTool(test, 'prometheus-alertmanager')) return;
  const launcher = makeLimitedGroup(test, { cores: 1, memoryBytes: 800 * MEBIBYTE });
  if (launcher === undefined) return;
  const webhook = await startWebhook(test);
  const alertmanager = await startAlertmanager(test, webhook.url);
  const port = await freePort();
  // Nobody listens there at first.
  const collectorPort = await freePort();
  const start = (inGroup: boolean): Promise<OwnProcess> =>
    startOwnProcess(
      test,
      {
        SKYOPS_PORT: String(port),
        SKYOPS_LOG_LEVEL: 'debug',
        SKYOPS_LOG_BUFFER_BYTES: '65536',
        SKYOPS_STALL_TIMEOUT_SECONDS: '0',
        OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${collectorPort}`,
        OTEL_BSP_SCHEDULE_DELAY: '200',
        OTEL_EXPORTER_OTLP_TIMEOUT: '500',
      },
      ['--import', PAUSE],
      inGroup ? launcher : [],
    );
  const arrived = async (...alerts: readonly string[]) => {
    for (const alert of alerts) {
      await until(`${alert} arrives`, () => webhook.isFiring(alert), PATIENCE_MS);
      progress(`${alert} arrived`);
    }
  };
  const cleared = async (...alerts: readonly string[]) => {
    for (const alert of alerts) {
      await until(`${alert} clears`, () => webhook.hasCleared(alert), PATIENCE_MS);
      progress(`${alert} cleared`);
    }
  };

  let service = await start(true);
  const { url } = service;
  const { numberOf } = await startPrometheus(
    test,
    `global: { scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s }
rule_files: [rules.yaml]
alerting: { alertmanagers: [{ static_configs: [{ targets: ['${alertmanager}'] }] }] }
scrape_configs: [{ job_name: skyops, static_configs: [{ targets: ['127.0.0.1:${port}'] }] }]
`,
    { 'rules.yaml': hurried(RULES) },
  );

  const forgotten = await send(`${url}/simulations/cpu`, 'POST', { cpu: '50m', seconds: 280 });
  assert.equal(forgotten.status, 202);

  // As much memory as brings the working set to 94 % of the limit, whatever the service itself uses.
  const usedBytes = (await send(`${url}/status`, 'GET')).json.container.memory.working_set_bytes;
  const bytes = Math.round(0.94 * 800 * MEBIBYTE - usedBytes);
  const memory = await send(`${url}/simulations/memory`, 'POST', {
    memory: String(bytes),
    seconds: 280,
    allow_oom: true,
  });
  assert.equal(memory.status, 202, JSON.stringify(memory.json));
  await arrived('SkyOpsMemoryNearLimit');
  await send(`${url}/simulations/${memory.json.id}`, 'DELETE');

  const saturating = await send(`${url}/simulations/cpu`, 'POST', { parallelism: 2, saturate: true, seconds: 280 });
  assert.equal(saturating.status, 202, JSON.stringify(saturating.json));
  await arrived('SkyOpsCpuThrottled');
  await send(`${url}/simulations/${saturating.json.id}`, 'DELETE');
  await cleared('SkyOpsMemoryNearLimit', 'SkyOpsCpuThrottled');

  const stopPausing = keepDoing(test, 700, () => service.child.kill('SIGUSR2'));
  await arrived('SkyOpsEventLoopBlocked');
  stopPausing();

  const stopReading = keepDoing(test, 400, () => readSlowly(url));
  await arrived('SkyOpsLatencyHigh');
  stopReading();

  // 200 clients may watch; the others are told 503.
  const watchers = new AbortController();
  const opened = Array.from({ length: 200 }, () => fetch(`${url}/events`, { signal: watchers.signal }));
  await Promise.all(opened);
  const stopRefusing = keepDoing(test, 50, () => void send(`${url}/events`, 'GET').catch(() => {}));
  await arrived('SkyOpsErrorRatioFast', 'SkyOpsErrorRatioSlow');
  stopRefusing();
  watchers.abort();

  service.child.stdout?.pause();
  const stopTalking = keepDoing(test, 20, () => {
    for (let index = 0; index < 20; index += 1) void send(`${url}/nope`, 'GET').catch(() => {});
  });
  await arrived('SkyOpsLogLinesDropped', 'SkyOpsSpansDropped');
  stopTalking();
  service.child.stdout?.resume();
  await startCollector(test, collectorPort);

  await arrived('SkyOpsSimulationLeftRunning');
  await send(`${url}/simulations`, 'DELETE');
  await cleared(
    'SkyOpsEventLoopBlocked',
    'SkyOpsLatencyHigh',
    'SkyOpsErrorRatioFast',
    'SkyOpsErrorRatioSlow',
    'SkyOpsLogLinesDropped',
    'SkyOpsSpansDropped',
    'SkyOpsSimulationLeftRunning',
  );

  for (let restart = 0; restart < 4; restart += 1) {
    service.child.kill('SIGKILL');
    await service.exited;
    service.child.stdout?.destroy();
    service = await start(false);
    const starts = 'changes(process_start_time_seconds[5m])';
    await until('Prometheus has seen it', async () => (await numberOf(starts)) > restart);
  }
  await arrived('SkyOpsRestartLoop');
  await cleared('SkyOpsRestartLoop');

  service.child.kill('SIGKILL');
  await service.exited;
  await arrived('SkyOpsTargetDown');
  service = await start(false);
  await cleared('SkyOpsTargetDown');
});
