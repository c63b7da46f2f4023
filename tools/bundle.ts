/**
 * Makes the form that the container runs: a folder with the program as a few files of JavaScript, the pages' files, and the
 * licences of all that is in it. `node tools/bundle.ts FOLDER` (dist).
 *
 * One file is read where hundreds were: until the first answer a start takes a third of the CPU time (docs/bench/cold-start.md).
 */
import { cpSync, existsSync, globSync, mkdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type BuildOptions, build, type Plugin } from 'esbuild';

const ROOT = join(import.meta.dirname, '..');
const PAGES = {
  'node_modules/@fastify/swagger-ui': [
    'static/swagger-ui-bundle.js',
    'static/swagger-ui.css',
    'static/index.css',
    'static/favicon-32x32.png',
  ],
  'node_modules/redoc': ['bundles/redoc.standalone.js'],
};

/** A thread is a file of its own; its name is an argument that esbuild does not follow. */
const threadsByTheirNewNames: Plugin = {
  name: 'threads',
  setup: (bundler) =>
    bundler.onLoad({ filter: /\/src\/.*\.ts$/ }, ({ path }) => ({
      contents: readFileSync(path, 'utf8').replaceAll(
        /new URL\('\.\/([\w-]+)\.ts', import\.meta\.url\)/g,
        "new URL('./$1.cjs', import.meta.url)",
      ),
      loader: 'ts',
    })),
};

/**
 * Node's own modules by require: an import reads every property that the module has, and one of node:http loads the
 * whole client of fetch, 60 ms of CPU time that a server does not need (measured).
 */
const builtinsByRequire: Plugin = {
  name: 'builtins',
  setup: (bundler) => {
    bundler.onResolve({ filter: /^node:/ }, ({ path, kind }) =>
      kind === 'import-statement' ? { path, namespace: 'builtin' } : { path, external: true },
    );
    bundler.onLoad({ filter: /.*/, namespace: 'builtin' }, ({ path }) => ({
      contents: `module.exports = require(${JSON.stringify(path)});`,
    }));
  },
};

/** This package hides from bundlers that it requires another one, by a helper that has another name. */
const grpcByRequire: Plugin = {
  name: 'grpc',
  setup: (bundler) =>
    bundler.onLoad({ filter: /otlp-grpc-exporter-base\/dist\/grpc-exporter-transport\.mjs$/ }, ({ path }) => ({
      contents: readFileSync(path, 'utf8').replaceAll('__require("@grpc/grpc-js")', 'require("@grpc/grpc-js")'),
      loader: 'js',
    })),
};

/** The service is a file of its own, which is loaded with its compiled code (cached-service.ts). */
const serviceFromCache: Plugin = {
  name: 'service',
  setup: (bundler) =>
    bundler.onResolve({ filter: /^\.\/serve\.ts$/ }, () => ({ path: join(ROOT, 'tools/cached-service.ts') })),
};

/**
 * Of packages that are in the bundle, but never called by this service: the document is served as JSON alone, answers have a serializer of
 * their own, and nothing is injected. They are a fifth of its source, which V8 keeps in memory.
 */
const NEVER_CALLED = ['yaml', '@fastify/fast-json-stringify-compiler', 'light-my-request'];

const withoutTheNeverCalled: Plugin = {
  name: 'never-called',
  setup: (bundler) => {
    bundler.onResolve({ filter: /^[@a-z]/ }, ({ path }) =>
      NEVER_CALLED.includes(path) ? { path, namespace: 'never-called' } : undefined,
    );
    bundler.onLoad({ filter: /.*/, namespace: 'never-called' }, ({ path }) => ({
      contents: `const refuse = () => { throw new Error('${path} is not in the bundle: see tools/bundle.ts'); };
        module.exports = new Proxy(refuse, { get: refuse, apply: refuse });`,
    }));
  },
};

/** Names stay, for the stacks in the log, and lines that are short enough to find something by. */
const READABLE: BuildOptions = { minifyWhitespace: true, lineLimit: 120 };

const MODULES: BuildOptions = {
  // What is loaded on demand stays apart, such as the command line.
  splitting: true,
  format: 'esm',
  ...READABLE,
  // CommonJS packages expect these.
  banner: {
    js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url), __dirname = import.meta.dirname;",
  },
  plugins: [builtinsByRequire, threadsByTheirNewNames, serviceFromCache],
};

/**
 * One file, as V8 keeps compiled code for one script; a script knows no import.meta. A thread is one too: a loader of modules would be
 * made for it otherwise.
 */
const SCRIPT: BuildOptions = {
  format: 'cjs',
  outExtension: { '.js': '.cjs' },
  ...READABLE,
  define: { 'import.meta.url': '__url', 'import.meta.resolve': '__resolve' },
  banner: {
    js: "const { pathToFileURL } = require('node:url'), __url = pathToFileURL(__filename).href, __resolve = (name) => pathToFileURL(require.resolve(name)).href;",
  },
  plugins: [builtinsByRequire, threadsByTheirNewNames, grpcByRequire, withoutTheNeverCalled],
};

/** @returns the packages of which something is in the bundle, as their folders. */
async function bundle(folder: string, entryPoints: string[], form: BuildOptions): Promise<readonly string[]> {
  const { metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints,
    entryNames: '[name]',
    chunkNames: '[name]-[hash]',
    outdir: join(folder, 'src'),
    bundle: true,
    platform: 'node',
    target: 'node26',
    legalComments: 'none',
    logLevel: 'warning',
    ...form,
    metafile: true,
  });
  const inputs = Object.keys(metafile.inputs).map((path) => /^.*node_modules\/(@[^/]+\/)?[^/]+/.exec(path)?.[0]);
  return inputs.filter((path) => path !== undefined);
}

/** What the pages load is read from the packages that it comes in; the pages themselves lie where the sources have them. */
function copyPages(folder: string): void {
  for (const file of globSync('src/http/pages/*.{html,js}', { cwd: ROOT }))
    cpSync(join(ROOT, file), join(folder, file));
  for (const [name, files] of Object.entries(PAGES)) {
    for (const file of ['package.json', 'LICENSE', ...files]) {
      cpSync(join(ROOT, name, file), join(folder, name, file));
    }
  }
}

/** Beside the runtime, as it is installed in a system; npm's package keeps it with the program for this machine. */
function runtimeLicence(): string {
  const place = join(realpathSync(process.execPath), '../..');
  const [file] = globSync('{LICENSE,node_modules/node-*/LICENSE}', { cwd: place });
  if (file === undefined) throw new Error(`the licence of the runtime is not below ${place}`);
  return readFileSync(join(place, file), 'utf8').trim();
}

/** What is in it, for the SBOM, and every licence that it ships under: its terms ask for the text to go with the code. */
function writeLicences(folder: string, packages: ReadonlySet<string>): void {
  const texts = [...packages].toSorted().map((path) => {
    const { name, version, license } = JSON.parse(readFileSync(join(ROOT, path, 'package.json'), 'utf8'));
    const [file] = globSync('{LICENSE,LICENCE,license,License}*', { cwd: join(ROOT, path) });
    const text = file === undefined ? '(the package has no file of it)' : readFileSync(join(ROOT, path, file), 'utf8');
    // The Apache License, section 4 (d): a NOTICE goes with the code too.
    const notice = join(ROOT, path, 'NOTICE');
    const words = existsSync(notice) ? [text, readFileSync(notice, 'utf8')] : [text];
    return [`${name} ${version} · ${license}`, ...words.map((each) => each.trim()), ''].join('\n\n');
  });
  texts.push(`node ${process.versions.node} · MIT, and those of what it is made of\n\n${runtimeLicence()}\n`);
  const names = [...packages].map((path) => {
    const { name, version } = JSON.parse(readFileSync(join(ROOT, path, 'package.json'), 'utf8'));
    return `${name}@${version}`;
  });
  writeFileSync(join(folder, 'bundled-packages.json'), `${JSON.stringify([...new Set(names)].toSorted(), null, 2)}\n`);
  writeFileSync(join(folder, 'THIRD-PARTY-LICENSES'), texts.join(`\n${'-'.repeat(80)}\n\n`));
  cpSync(join(ROOT, 'LICENSE'), join(folder, 'LICENSE'));
}

const folder = resolve(process.argv[2] ?? 'dist');
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
// A thread in a file of its own: what it shares with the main thread would be a file more for each of them to read.
const packages = new Set([
  ...(await bundle(folder, ['src/main.ts'], MODULES)),
  ...(await bundle(folder, ['tools/fill-code-cache.ts'], MODULES)),
  ...(await bundle(folder, ['src/serve.ts'], SCRIPT)),
  ...(await bundle(folder, ['src/simulation/worker/thread.ts'], SCRIPT)),
  ...(await bundle(folder, ['src/lifecycle/watchdog-thread.ts'], SCRIPT)),
  ...(await bundle(folder, ['src/observability/tracing/export-thread.ts'], SCRIPT)),
]);
copyPages(folder);
writeLicences(folder, new Set([...packages, ...Object.keys(PAGES)]));
const { name, version, license } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
const described = { name, version, license, type: 'module', imports: { '#*': './src/*' } };
writeFileSync(join(folder, 'package.json'), `${JSON.stringify(described, null, 2)}\n`);
console.log(`${name} ${version} in ${folder}, with parts of ${packages.size} packages`);
