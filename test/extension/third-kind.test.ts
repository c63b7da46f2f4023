/**
 * "One file and one line": a third kind that is no amount of anything, and a hook that waits, are planted in a copy of the sources. All
 * that the documents promise must follow from them alone.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { makeFileTree } from '#test/support/file-tree.ts';
import { type OwnProcess, startOwnProcess } from '#test/support/own-process.ts';
import { startPrometheus } from '#test/support/prometheus.ts';
import { hasTool } from '#test/support/tool.ts';
import { until } from '#test/support/until.ts';
import { dashboard } from '../../tools/dashboard.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const planted = (name: string) => readFileSync(new URL(`./planted/${name}.ts.txt`, import.meta.url), 'utf8');

/** The sources with one file and one line more for the kind, and the same for the hook. */
function plant(test: TestContext): string {
  const tree = makeFileTree(test, {});
  for (const name of ['src', 'package.json', 'tsconfig.json']) {
    cpSync(join(ROOT, name), join(tree, name), { recursive: true, filter: (path) => !path.endsWith('.test.ts') });
  }
  symlinkSync(join(ROOT, 'node_modules'), join(tree, 'node_modules'));
  writeFileSync(join(tree, 'src/simulation/kinds/hiccup.ts'), planted('hiccup-kind'));
  writeFileSync(join(tree, 'src/http/hooks/hiccup.ts'), planted('hiccup-hook'));
  edit(tree, 'src/simulation/catalog.ts', /kinds = \[(.*)\]/, 'kinds = [$1, hiccup]');
  edit(
    tree,
    'src/simulation/catalog.ts',
    'import { memory }',
    "import { hiccup } from './kinds/hiccup.ts';\nimport { memory }",
  );
  const line = "\n  { name: 'hiccup', hook: hiccupHook, because: 'last' },\n];";
  edit(tree, 'src/http/hooks/catalog.ts', '\n];', line);
  edit(
    tree,
    'src/http/hooks/catalog.ts',
    'import { limitsHook }',
    "import { hiccupHook } from './hiccup.ts';\nimport { limitsHook }",
  );
  return tree;
}

function edit(tree: string, file: string, from: string | RegExp, to: string): void {
  const before = readFileSync(join(tree, file), 'utf8');
  const after = before.replace(from, to);
  assert.notEqual(after, before, `${file} has no ${from}`);
  writeFileSync(join(tree, file), after);
}

describe('a third kind of simulation', () => {
  let tree: string;
  let service: OwnProcess;

  const endings: (() => unknown)[] = [];
  after(async () => {
    for (const end of endings.toReversed()) await end();
  });

  before(async () => {
    // All that is asked of a test here is something that runs after it; a suite gives that by itself alone.
    const test = { after: (end: () => unknown) => endings.push(end) } as unknown as TestContext;
    tree = plant(test);
    service = await startOwnProcess(test, {}, [], [], join(tree, 'src/main.ts'));
  });

  beforeEach(async () => {
    await fetch(`${service.url}/simulations`, { method: 'DELETE' });
  });

  const get = async (path: string) => (await fetch(service.url + path)).text();
  const json = async (path: string) => JSON.parse(await get(path));
  const post = async (path: string, body: object) => {
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(service.url + path, { method: 'POST', headers, body: JSON.stringify(body) });
    // What an answer holds is what each test is about.
    return { status: answer.status, headers: answer.headers, json: (await answer.json()) as any };
  };
  const skyops = (...args: readonly string[]) =>
    spawnSync(process.execPath, [join(tree, 'src/main.ts'), ...args], { encoding: 'utf8', timeout: 60_000 });
  const metric = async (line: string) => Number(new RegExp(`^${line} (\\S+)$`, 'm').exec(await get('/metrics'))?.[1]);

  it('compiles with one file and one line', () => {
    writeFileSync(join(tree, 'tsconfig.src.json'), '{ "extends": "./tsconfig.json", "include": ["src"] }');
    const { stdout, status } = spawnSync('tsc', ['-p', 'tsconfig.src.json'], { cwd: tree, encoding: 'utf8' });
    assert.equal(stdout, '');
    assert.equal(status, 0);
  });

  it('has its route, which starts it, validates its body and refuses in its own words', async () => {
    const started = await post('/simulations/hiccup', { delay_ms: 1, seconds: 0.2 });
    assert.equal(started.status, 202);
    assert.deepEqual(started.json.requested, { delay_ms: 1, seconds: 0.2 });
    assert.deepEqual(started.json.delivered, {
      seconds: started.json.delivered.seconds,
      mood: 'calm',
      delayed_requests: 0,
    });
    assert.equal(started.json.accuracy, null);

    const wrong = await post('/simulations/hiccup', { delay_ms: 0, mood: 'bad' });
    assert.equal(wrong.status, 422);
    assert.deepEqual(wrong.json.errors.map(({ pointer }: { pointer: string }) => pointer).toSorted(), [
      '',
      '/delay_ms',
    ]);

    const refused = await post('/simulations/hiccup', { delay_ms: 13 });
    assert.equal(refused.status, 429);
    assert.equal(refused.headers.get('retry-after'), '7');
    assert.equal(refused.json.code, 'holding-breath');
    assert.equal(refused.json.title, 'It holds its breath');
  });

  it('does what it does to requests, tells how often, and leaves nothing of it behind', async () => {
    const { json: started } = await post('/simulations/hiccup', { delay_ms: 300, seconds: 60 });
    const timed = async () => {
      const beganMs = performance.now();
      await get('/');
      return performance.now() - beganMs;
    };
    for (let count = 0; count < 3; count += 1) assert.ok((await timed()) >= 295);
    const { delivered } = await json(`/simulations/${started.id}`);
    assert.equal(delivered.delayed_requests, 3);
    const ended = await fetch(`${service.url}/simulations/${started.id}`, { method: 'DELETE' });
    // As above.
    const report = (await ended.json()) as any;
    assert.equal(report.ended_because, 'cancelled');
    assert.deepEqual({ ...report.delivered, seconds: 0 }, { seconds: 0, mood: 'annoyed', delayed_requests: 3 });
    // The next request does not wait, and is not counted.
    await get('/');
    assert.equal((await json(`/simulations/${started.id}`)).delivered.delayed_requests, 3);
  });

  it('stands in the OpenAPI document, with its fields and its codes', async () => {
    const { paths, components } = await json('/openapi.json');
    const { post: operation } = paths['/simulations/hiccup'];
    assert.equal(operation.operationId, 'startHiccupSimulation');
    assert.match(JSON.stringify(operation.requestBody), /HiccupSimulationRequest/);
    assert.match(operation.responses['429'].description, /holding-breath/);
    // What is another kind's is not said of it.
    assert.doesNotMatch(JSON.stringify(operation.responses), /no-cpu-limit|over-capacity/);
    assert.ok(components.schemas.Problem.properties.code.enum.includes('holding-breath'));
    assert.ok(components.schemas.HiccupSimulationRequest.properties.delay_ms);
    assert.equal(components.schemas.Simulation.discriminator.mapping.hiccup, '#/components/schemas/HiccupSimulation');
  });

  it('is counted by the metrics without being told, and has its own', async () => {
    const before = await metric('skyops_simulations_started_total\\{kind="hiccup"\\}');
    assert.equal(await metric('skyops_simulation_active\\{kind="hiccup"\\}'), 0);
    const { json: started } = await post('/simulations/hiccup', { delay_ms: 1, seconds: 60 });
    assert.equal(await metric('skyops_simulation_active\\{kind="hiccup"\\}'), 1);
    assert.equal(await metric('skyops_simulations_started_total\\{kind="hiccup"\\}'), before + 1);
    const delayed = await metric('skyops_simulation_delayed_requests_total\\{kind="hiccup"\\}');
    await get('/');
    assert.equal(await metric('skyops_simulation_delayed_requests_total\\{kind="hiccup"\\}'), delayed + 1);
    const ended = 'skyops_simulations_ended_total\\{kind="hiccup",because="cancelled"\\}';
    const endedBefore = await metric(ended);
    await fetch(`${service.url}/simulations/${started.id}`, { method: 'DELETE' });
    assert.equal(await metric(ended), endedBefore + 1);
    assert.equal(await metric('skyops_simulation_active\\{kind="hiccup"\\}'), 0);
    // What has ended still counts.
    assert.equal(await metric('skyops_simulation_delayed_requests_total\\{kind="hiccup"\\}'), delayed + 1);
    const refused = 'skyops_simulations_refused_total\\{kind="hiccup",code="holding-breath"\\}';
    const refusedBefore = await metric(refused);
    await post('/simulations/hiccup', { delay_ms: 13 });
    assert.equal(await metric(refused), refusedBefore + 1);
    assert.ok(Number.isNaN(await metric('skyops_simulations_refused_total\\{kind="hiccup",code="no-cpu-limit"\\}')));
  });

  it('has its command, with its options in --help, its table and its progress line', async () => {
    const help = skyops('simulate', 'hiccup', '--help');
    assert.match(help.stdout, /Lets every request wait a moment/);
    assert.match(help.stdout, /--delay-ms <number>\s+How long a request waits/);
    assert.match(help.stdout, /--for <duration>\s+how long: 60s, 5m, 1m30s\. Default: 1s\./);
    assert.match(help.stdout, /^ {2}skyops simulate hiccup --delay-ms 20$/m);
    assert.match(skyops('simulate', '--help').stdout, /hiccup/);
    const run = skyops('simulate', 'hiccup', '--delay-ms', '1', '--for', '200ms', '--url', service.url);
    assert.equal(run.status, 0, run.stderr);
    assert.match(run.stdout, /^hiccup simulation sim-[0-9a-f]{16}: completed$/m);
    assert.match(run.stdout, /^\s+seconds\s+delay ms\s+delayed requests$/m);
    const here = skyops('simulate', 'hiccup', '--delay-ms', '1', '--for', '200ms', '--json');
    assert.equal(JSON.parse(here.stdout).kind, 'hiccup');
    assert.equal(skyops('simulate', 'hiccup', '--delay-ms', '13').status, 3);
    assert.equal(skyops('simulate', 'hiccup', '--delay-ms', '0').status, 2);

    const { json: started } = await post('/simulations/hiccup', { delay_ms: 1, seconds: 0.1 });
    const line = spawnSync(
      process.execPath,
      [
        '--input-type=module',
        '--eval',
        `import { progressLine } from '${join(tree, 'src/command/progress-line.ts')}';
         console.log(progressLine(${JSON.stringify(started)}));`,
      ],
      { encoding: 'utf8' },
    );
    assert.match(line.stdout, /^hiccup ░+ 0 of 0\.1 s, 0 delayed, calm$/m);
  });

  it('is in the events, the log, the list and the status', async () => {
    const watching = new AbortController();
    const events = await fetch(`${service.url}/events`, { signal: watching.signal });
    let seen = '';
    const reading = (async () => {
      for await (const part of events.body ?? []) seen += Buffer.from(part).toString();
    })().catch(() => {});
    const { json: started } = await post('/simulations/hiccup', { delay_ms: 1, seconds: 1.5 });
    const { simulations } = await json('/simulations');
    assert.equal(simulations[0].id, started.id);
    assert.equal((await json('/status')).simulations.running[0].kind, 'hiccup');
    for (const type of ['started', 'progress', 'ended']) {
      await until(`simulation-${type} has come`, () =>
        new RegExp(`event: simulation-${type}\\ndata: .*${started.id}.*"kind":"hiccup"`).test(seen),
      );
    }
    for (const msg of ['simulation started', 'simulation ended']) {
      const line = service.log.find((each) => each.msg === msg && each['simulation_id'] === started.id);
      assert.equal(line?.['kind'], 'hiccup', msg);
    }
    watching.abort();
    await reading;
  });

  it('shows on the dashboard, whose query nobody has touched', async (test) => {
    if (!hasTool(test, 'prometheus')) return;
    const target = new URL(service.url).host;
    const { query } = await startPrometheus(
      test,
      `global: { scrape_interval: 1s }\nscrape_configs: [{ job_name: skyops, static_configs: [{ targets: ['${target}'] }] }]\n`,
    );
    const expressions = JSON.stringify(dashboard()).match(/skyops_simulation_active\{[^}]*\}/g) ?? [];
    assert.ok(expressions.length > 0);
    await post('/simulations/hiccup', { delay_ms: 1, seconds: 30 });
    const filled = `sum by (kind) (${expressions[0]?.replaceAll('\\"', '"').replace('$job', 'skyops').replace('$instance', '.*')})`;
    await until('the dashboard shows it', async () =>
      (await query(filled)).some(({ metric: { kind }, value: [, value] }) => kind === 'hiccup' && value === '1'),
    );
  });
});
