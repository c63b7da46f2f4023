/** The arrows between the rooms are enforced: each room's own biome.json says what it may import, and an import against it goes red. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { globSync, readdirSync, readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { makeFileTree } from '#test/support/file-tree.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const read = (file: string) => readFileSync(`${ROOT}/${file}`, 'utf8');
const CONFIGS = globSync('{biome.json,src/**/biome.json,tools/*.grit}', { cwd: ROOT });

/** Lints planted files under the project's own rules; gives the names of those that break one of them. */
function redFiles(test: TestContext, files: Readonly<Record<string, string>>): string[] {
  const root = makeFileTree(test, {
    ...files,
    ...Object.fromEntries(CONFIGS.map((file) => [file, read(file)])),
  });
  const { stdout } = spawnSync(
    'biome',
    ['lint', '--vcs-enabled=false', '--colors=off', '--reporter=github', '--max-diagnostics=none', '.'],
    { cwd: root, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 },
  );
  const about = /title=(?:lint\/style\/(?:noRestrictedImports|noRestrictedGlobals|noProcessEnv)|plugin),file=([^,]+),/g;
  return [...new Set([...stdout.matchAll(about)].map(([, file = '']) => relative(root, file)))].toSorted();
}

const folders = readdirSync(`${ROOT}/src`, { withFileTypes: true }).filter((entry) => entry.isDirectory());
const ROOMS = folders.map(({ name }) => name);

type Pattern = { readonly group: readonly string[] };

/** What stands open in the room's own biome.json. */
function openIn(room: string): readonly string[] {
  const { overrides } = JSON.parse(read(`src/${room}/biome.json`));
  const [{ group }] = overrides[0].linter.rules.style.noRestrictedImports.options.patterns as [Pattern];
  return group.filter((each) => each.startsWith('!')).map((each) => each.slice(1));
}
const allowedIn = (room: string) => openIn(room).flatMap((each) => /^#(\w+)\//.exec(each)?.[1] ?? []);

/** From ARCHITECTURE.md: the groups of rooms between the arrows, from left to right. */
function drawnGroups(): readonly (readonly string[])[] {
  const [line = ''] = /^arrows .*$/m.exec(read('ARCHITECTURE.md')) ?? [];
  return line.split('►').map((group) => group.match(/[a-z]+/g) ?? []);
}

describe('the arrows', () => {
  it('are in every room, with a README that says what the room may import', () => {
    for (const room of ROOMS) {
      const allowed = allowedIn(room).filter((each) => each !== room);
      const [line = ''] = /^May import: .*$/m.exec(read(`src/${room}/README.md`)) ?? [];
      assert.deepEqual(
        (line.match(/`(\w+)\/`/g) ?? []).map((each) => each.slice(1, -2)).toSorted(),
        allowed.toSorted(),
        room,
      );
    }
  });

  it('all point to the right in the picture of ARCHITECTURE.md', () => {
    const groups = drawnGroups();
    const placeOf = (room: string) => groups.findIndex((group) => group.includes(room));
    const drawn = ROOMS.filter((room) => placeOf(room) !== -1);
    // Beside the line stand those that few may ask: the sentence below it says who.
    assert.ok(drawn.length >= 10, String(drawn));
    for (const room of drawn) {
      for (const other of allowedIn(room)) {
        if (other !== room && placeOf(other) !== -1)
          assert.ok(placeOf(room) < placeOf(other), `${room} imports ${other}`);
      }
    }
  });

  it('let each room import what they allow and nothing else', (test) => {
    const pairs = ROOMS.flatMap((room) =>
      ROOMS.filter((other) => other !== room).map((other) => [room, other] as const),
    );
    const planted = Object.fromEntries(
      pairs.map(([room, other]) => [`src/${room}/to-${other}.ts`, `import { x } from '#${other}/x.ts';\nx();\n`]),
    );
    const forbidden = pairs.filter(([room, other]) => !allowedIn(room).includes(other));
    assert.ok(forbidden.length > pairs.length / 2);
    assert.deepEqual(
      redFiles(test, planted),
      forbidden.map(([room, other]) => `src/${room}/to-${other}.ts`).toSorted(),
    );
  });

  it('hold within http/ too: wire/ knows neither hooks nor routes nor pages', (test) => {
    const may: Readonly<Record<string, readonly string[]>> = {
      wire: [],
      hooks: ['wire'],
      routes: ['wire'],
      pages: ['wire', 'routes'],
    };
    const pairs = Object.keys(may).flatMap((from) =>
      Object.keys(may).flatMap((to) => (from === to ? [] : [[from, to] as const])),
    );
    const planted = Object.fromEntries(
      pairs.map(([from, to]) => [`src/http/${from}/to-${to}.ts`, `import { x } from '../${to}/x.ts';\nx();\n`]),
    );
    const forbidden = pairs.filter(([from, to]) => !may[from]?.includes(to));
    assert.deepEqual(redFiles(test, planted), forbidden.map(([from, to]) => `src/http/${from}/to-${to}.ts`).toSorted());
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
    const homes: Readonly<Record<string, readonly string[]>> = {
      fastify: ['http'],
      commander: ['command'],
      yaml: ['kubernetes'],
      echarts: ['picture'],
      'echarts/core': ['picture'],
      '@fastify/swagger': ['http'],
      pino: ['observability'],
      '@prometheus-io/client': ['observability'],
      '@opentelemetry/api': ['observability'],
      'node:process': [],
      // One that is in no room yet.
      jose: [],
    };
    const places = Object.entries(homes).flatMap(([name, home], index) =>
      ROOMS.map((room) => ({ file: `src/${room}/p${index}.ts`, name, isHome: home.includes(room) })),
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

  it('keep time, chance and the process out of the rooms', (test) => {
    const uses = [
      'Date.now()',
      'performance.now()',
      'setTimeout(x, 1)',
      'process.exit(1)',
      'process.env.HOME',
      'Math.random()',
      'systemClock.epochMs()',
    ];
    const places = [...ROOMS, 'http/wire', 'http/hooks', 'http/routes', 'http/pages'];
    const planted = Object.fromEntries(
      places.flatMap((room) => uses.map((code, index) => [`src/${room}/w${index}.ts`, `${code};\n`])),
    );
    assert.deepEqual(redFiles(test, planted), Object.keys(planted).toSorted());
  });

  it('are one file of each room, which a new room brings with it', (test) => {
    const room = 'src/fleet';
    const config = read('src/client/biome.json').replaceAll('client', 'fleet');
    const planted = {
      [`${room}/biome.json`]: config,
      [`${room}/bad.ts`]: "import { x } from '#http/server.ts';\nx();\n",
      [`${room}/good.ts`]: "import { wait } from '#foundation/clock.ts';\nwait();\n",
      [`${room}/late.ts`]: 'setTimeout(() => {}, 1);\n',
    };
    assert.deepEqual(redFiles(test, planted), [`${room}/bad.ts`, `${room}/late.ts`]);
  });
});
