/** What is installed and what ships: exact, whole, from the registry alone, under licences that allow it, and listed. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');

/** Each with its reason; the Makefile runs it by its name, and npm runs no other script of a package's. */
const MAY_RUN_A_SCRIPT: Readonly<Record<string, string>> = {
  node: 'fetches the runtime for this machine',
};
/** They come with a script that npm does not run, and work without it. */
const WORKS_WITHOUT_ITS_SCRIPT = ['esbuild', 'protobufjs'];

/** Licences that ask for no more than the text, which the image has in THIRD-PARTY-LICENSES. */
const PERMISSIVE =
  /^\(?(MIT|ISC|Apache-2\.0|BSD-2-Clause|BSD-3-Clause|0BSD|BlueOak-1\.0\.0|CC0-1\.0|Unlicense)( (OR|AND) [\w.-]+)*\)?$/;

type Entry = {
  readonly version?: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly hasInstallScript?: boolean;
  readonly optional?: boolean;
  readonly os?: readonly string[];
  readonly link?: boolean;
};

/** What is wrong with a lockfile, entry by entry. */
function lintLockfile(text: string, mayRunAScript: readonly string[]): string[] {
  const { lockfileVersion, packages } = JSON.parse(text) as {
    lockfileVersion: number;
    packages: Record<string, Entry>;
  };
  const wrong = lockfileVersion === 3 ? [] : [`lockfile version ${lockfileVersion}`];
  for (const [path, { version, resolved, integrity, hasInstallScript, optional, os, link }] of Object.entries(
    packages,
  )) {
    if (path === '') continue;
    const name = path.split('node_modules/').at(-1) ?? path;
    if (link === true || version === undefined) wrong.push(`${path}: not from the registry`);
    if (resolved !== undefined && !/^https:\/\//.test(resolved)) wrong.push(`${path}: ${resolved}`);
    // A program for another platform is not fetched here, and its sum not known.
    const isForeign = optional === true && os !== undefined;
    if (!isForeign && !/^sha512-[\w+/=]{88}$/.test(integrity ?? '')) wrong.push(`${path}: no sum`);
    if (hasInstallScript === true && !mayRunAScript.includes(name)) wrong.push(`${path}: a script`);
  }
  return wrong;
}

function bundleIn(test: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'skyops-bundle-'));
  test.after(() => rmSync(folder, { recursive: true, force: true }));
  execFileSync(process.execPath, [join(ROOT, 'tools/bundle.ts'), folder]);
  return folder;
}

describe('the supply chain', () => {
  it('is locked: every package from the registry, with its sum, and no script but those on the list', () => {
    const scripts = [...Object.keys(MAY_RUN_A_SCRIPT), ...WORKS_WITHOUT_ITS_SCRIPT];
    assert.deepEqual(lintLockfile(read('package-lock.json'), scripts), []);
    for (const tools of ['kubernetes', 'expressions', 'clients'])
      assert.deepEqual(lintLockfile(read(`tools/${tools}/package-lock.json`), []), []);
    for (const [from, to] of [
      ['"lockfileVersion": 3', '"lockfileVersion": 1'],
      [/"integrity": "sha512-[^"]*"/, '"integrity": "sha1-abc"'],
      [/"node_modules\/fastify": \{/, '"node_modules/fastify": { "resolved": "git+ssh://git@github.com/a/b.git",'],
      [/"node_modules\/fastify": \{/, '"node_modules/fastify": { "hasInstallScript": true,'],
    ] as const) {
      const mutant = read('package-lock.json').replace(from, to);
      assert.ok(lintLockfile(mutant, scripts).length > 0, String(to));
    }
  });

  it('runs no script of a package when it is installed, but for the ones on the list', () => {
    for (const folder of ['', 'tools/kubernetes/', 'tools/expressions/', 'tools/clients/'])
      assert.match(read(`${folder}.npmrc`), /^ignore-scripts=true$/m, folder);
    const rebuilt = [...read('Makefile').matchAll(/npm rebuild (.*?) --ignore-scripts=false/g)].map(
      ([, names]) => names,
    );
    assert.deepEqual(rebuilt, Object.keys(MAY_RUN_A_SCRIPT));
    assert.match(read('Dockerfile'), /npm ci --ignore-scripts/);
    // The proof: its script would have put a program in the place of this one.
    assert.match(read('node_modules/esbuild/bin/esbuild').slice(0, 100), /^#!\/usr\/bin\/env node/);
  });

  it('names exact versions, and stays small: at most 20 packages that ship by name', () => {
    for (const line of read('tools/clients/requirements.txt').trim().split('\n'))
      assert.match(line, /^[\w.-]+==[\w.]+$/);
    for (const folder of ['', 'tools/kubernetes/', 'tools/expressions/', 'tools/clients/']) {
      const path = `${folder}package.json`;
      const { dependencies = {}, devDependencies = {} } = JSON.parse(read(path));
      for (const [name, version] of Object.entries<string>({ ...dependencies, ...devDependencies })) {
        assert.match(version, /^\d+\.\d+\.\d+(-[\w.]+)?$/, name);
      }
    }
    const names = Object.keys(JSON.parse(read('package.json')).dependencies);
    assert.ok(names.length <= 20, names.join());
  });

  it('ships packages under permissive licences alone, with their texts, and no more than 90 of them', (test) => {
    const folder = bundleIn(test);
    const packages: string[] = JSON.parse(readFileSync(join(folder, 'bundled-packages.json'), 'utf8'));
    const texts = readFileSync(join(folder, 'THIRD-PARTY-LICENSES'), 'utf8');
    assert.ok(packages.length > 20 && packages.length <= 90, `${packages.length} packages`);
    for (const each of packages) {
      const [, name = '', version = ''] = /^(.+)@(.+)$/.exec(each) ?? [];
      const [, licence = ''] =
        new RegExp(`^${name.replaceAll('.', '\\.')} ${version.replaceAll('.', '\\.')} · (.*)$`, 'm').exec(texts) ?? [];
      assert.match(licence, PERMISSIVE, each);
    }
    assert.match(texts, new RegExp(`^node ${process.versions.node} · MIT`, 'm'));
    assert.match(texts, /OpenSSL/);
    // Its licence asks for its NOTICE too.
    assert.match(texts, /^Apache ECharts\nCopyright/m);
    // A thread carries nothing but its own work: what it shares with the service would be loaded once more for each.
    const thread = readFileSync(join(folder, 'src/thread.cjs'), 'utf8');
    assert.ok(thread.length < 40_000 && !/node_modules/.test(thread), `thread.cjs has ${thread.length} bytes`);
    // One character that is not would make V8 keep two bytes for each.
    assert.match(readFileSync(join(folder, 'src/serve.cjs'), 'utf8'), /^[\0-\x7f]*$/);
  });

  it('keeps what draws in a file of its own, which is loaded on demand alone', (test) => {
    const folder = join(bundleIn(test), 'src');
    const names = readdirSync(folder, { withFileTypes: true }).flatMap((entry) => (entry.isFile() ? [entry.name] : []));
    const files = names.map((name) => ({ name, text: readFileSync(join(folder, name), 'utf8') }));
    const drawing = files.filter(({ text }) => text.includes('zrender')).map(({ name }) => name);
    assert.match(drawing.join(), /^draw-[^,]+$/);
    const [name = ''] = drawing;
    const loading = files.filter(({ text }) => text.includes(name));
    assert.equal(loading.length, 1);
    assert.ok(loading.every(({ text }) => text.split(name).length === 2 && text.includes(`import("./${name}")`)));
  });

  it('lists what ships as CycloneDX: every package of the bundle, the runtime, and nothing else', (test) => {
    const folder = bundleIn(test);
    execFileSync(process.execPath, [join(ROOT, 'tools/sbom.ts'), folder]);
    const sbom = JSON.parse(readFileSync(join(folder, 'sbom.cdx.json'), 'utf8'));
    const packages: string[] = JSON.parse(readFileSync(join(folder, 'bundled-packages.json'), 'utf8'));
    const { node: runtime } = JSON.parse(read('package.json')).devDependencies;
    assert.equal(sbom.bomFormat, 'CycloneDX');
    assert.deepEqual(
      sbom.components.map(({ name, version }: { name: string; version: string }) => `${name}@${version}`).toSorted(),
      [...packages, `node@${runtime}`].toSorted(),
    );
    for (const { name, purl, hashes } of sbom.components) {
      assert.match(purl, /^pkg:npm\//, name);
      assert.ok(hashes.length > 0, name);
    }
  });

  it('makes the same bundle twice', (test) => {
    const [one, two] = [bundleIn(test), bundleIn(test)];
    assert.equal(execFileSync('diff', ['--recursive', '--brief', one, two], { encoding: 'utf8' }), '');
  });
});
