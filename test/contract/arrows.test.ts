/** The arrows between the rooms are enforced: an import against them goes red. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { makeFileTree } from '#test/support/file-tree.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Lints planted files under the project's own rules; gives the names of those that break one of them. */
function redFiles(test: TestContext, files: Readonly<Record<string, string>>): string[] {
  const root = makeFileTree(test, { ...files, 'biome.json': readFileSync(`${ROOT}/biome.json`, 'utf8') });
  const rules = ['noRestrictedImports', 'noRestrictedGlobals', 'noProcessEnv'].map((rule) => `--only=style/${rule}`);
  const { stdout } = spawnSync(
    'biome',
    ['lint', '--vcs-enabled=false', '--colors=off', '--reporter=github', '--max-diagnostics=none', ...rules, '.'],
    { cwd: root, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 },
  );
  return [...new Set([...stdout.matchAll(/file=([^,]+),/g)].map(([, file = '']) => relative(root, file)))].toSorted();
}

/** From the right to the left of ARCHITECTURE.md's line: each room, and what it may import. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  foundation: [],
  lifecycle: ['foundation'],
  usage: ['foundation'],
  simulation: ['foundation'],
  health: ['simulation', 'usage', 'lifecycle', 'foundation'],
  observability: ['health', 'simulation', 'usage', 'lifecycle', 'foundation'],
  http: ['observability', 'health', 'simulation', 'usage', 'lifecycle', 'foundation'],
  config: ['http', 'observability', 'health', 'simulation', 'usage', 'lifecycle', 'foundation'],
  kubernetes: ['foundation'],
  autoscaling: ['kubernetes', 'foundation'],
  picture: ['foundation'],
  command: [
    'config',
    'http',
    'observability',
    'health',
    'autoscaling',
    'kubernetes',
    'picture',
    'simulation',
    'usage',
    'lifecycle',
    'foundation',
  ],
};
const ROOMS = Object.keys(ALLOWED);

describe('the arrows', () => {
  it('know every room there is', () => {
    const folders = readdirSync(`${ROOT}/src`, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    assert.deepEqual(folders.map(({ name }) => name).toSorted(), ROOMS.toSorted());
  });

  it('let each room import what they allow and nothing else', (test) => {
    const pairs = ROOMS.flatMap((room) =>
      ROOMS.filter((other) => other !== room).map((other) => [room, other] as const),
    );
    const planted = Object.fromEntries(
      pairs.map(([room, other]) => [`src/${room}/to-${other}.ts`, `import { x } from '#${other}/x.ts';\nx();\n`]),
    );
    const forbidden = pairs.filter(([room, other]) => !ALLOWED[room]?.includes(other));
    assert.deepEqual(
      redFiles(test, planted),
      forbidden.map(([room, other]) => `src/${room}/to-${other}.ts`).toSorted(),
    );
    assert.equal(forbidden.length, 92);
  });

  it('let no room import the composition root, nor climb out by ../', (test) => {
    const planted = Object.fromEntries(
      ROOMS.flatMap((room) => [
        [`src/${room}/up.ts`, "import { x } from '#service.ts';\nx();\n"],
        [`src/${room}/deep/er/out.ts`, "import { x } from '../../../main.ts';\nx();\n"],
      ]),
    );
    assert.deepEqual(redFiles(test, planted), Object.keys(planted).toSorted());
  });

  it('keep each package in its room', (test) => {
    const homes = {
      fastify: 'http',
      commander: 'command',
      yaml: 'kubernetes',
      echarts: 'picture',
      'echarts/core': 'picture',
      '@fastify/swagger': 'http',
      pino: 'observability',
      '@prometheus-io/client': 'observability',
      '@opentelemetry/api': 'observability',
    };
    const places = Object.entries(homes).flatMap(([name, home], index) =>
      ROOMS.map((room) => ({ file: `src/${room}/p${index}.ts`, name, isHome: room === home })),
    );
    const planted = Object.fromEntries(places.map(({ file, name }) => [file, `import { x } from '${name}';\nx();\n`]));
    const forbidden = places.filter(({ isHome }) => !isHome);
    assert.deepEqual(redFiles(test, planted), forbidden.map(({ file }) => file).toSorted());
  });

  it('let nobody draw but with picture/', (test) => {
    const planted = Object.fromEntries(
      ['tools', 'bench', 'test/support'].map((folder) => [
        `${folder}/chart.ts`,
        "import { init } from 'echarts/core';\ninit();\n",
      ]),
    );
    assert.deepEqual(redFiles(test, planted), Object.keys(planted).toSorted());
  });

  it('keep time and the process out of the rooms', (test) => {
    const uses = ['Date.now()', 'performance.now()', 'setTimeout(x, 1)', 'process.exit(1)', 'process.env.HOME'];
    const planted = Object.fromEntries(
      ROOMS.flatMap((room) => uses.map((code, index) => [`src/${room}/w${index}.ts`, `${code};\n`])),
    );
    assert.deepEqual(redFiles(test, planted), Object.keys(planted).toSorted());
  });
});
