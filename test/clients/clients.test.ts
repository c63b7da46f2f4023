/** Clients that people generate from the OpenAPI document compile and work, and a fuzzer that reads it finds nothing false. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { missing } from '#test/support/chromium.ts';
import { startOwnProcess } from '#test/support/own-process.ts';

const HERE = import.meta.dirname;
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const NODE_TOOLS = join(ROOT, 'tools/clients/node_modules');
const PYTHON = join(ROOT, '.cache/python/bin');

/** Runs a program; its output is the message where it fails. */
function run(program: string, args: readonly string[], cwd: string): Promise<string> {
  return new Promise((resolve, reject) => {
    // One of them calls a formatter that stands beside it.
    const env = { ...process.env, PATH: `${PYTHON}:${process.env['PATH']}` };
    execFile(program, args, { cwd, env, encoding: 'utf8', maxBuffer: 2 ** 26 }, (error, out, err) => {
      if (error === null) resolve(out);
      else reject(new Error(`${program} ${args.join(' ')}\n${out}\n${err}`));
    });
  });
}

function hasTools(test: TestContext, folder: string): boolean {
  if (existsSync(folder)) return true;
  missing(test, `${folder} is missing: make test-clients installs it`);
  return false;
}

async function folderWithDocument(test: TestContext, url: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'skyops-client-'));
  test.after(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, 'openapi.json'), await (await fetch(`${url}/openapi.json`)).text());
  return folder;
}

describe('a client that is made from the OpenAPI document', () => {
  it('in TypeScript, by openapi-typescript, compiles strictly and works', async (test) => {
    if (!hasTools(test, NODE_TOOLS)) return;
    const { url } = await startOwnProcess(test);
    const folder = await folderWithDocument(test, url);
    symlinkSync(NODE_TOOLS, join(folder, 'node_modules'));
    copyFileSync(join(HERE, 'try.ts'), join(folder, 'try.ts'));
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
    const tool = (name: string, ...args: string[]) => run(join(NODE_TOOLS, '.bin', name), args, folder);
    await tool('openapi-typescript', 'openapi.json', '--output', 'schema.d.ts');
    await tool(
      'tsc',
      '--strict',
      '--exactOptionalPropertyTypes',
      '--target',
      'es2023',
      '--module',
      'nodenext',
      'try.ts',
    );
    assert.match(await run(process.execPath, ['try.js', url], folder), /all of it is so/);
  });

  it('in Python, by openapi-python-client, is whole and works', async (test) => {
    if (!hasTools(test, PYTHON)) return;
    const { url } = await startOwnProcess(test);
    const folder = await folderWithDocument(test, url);
    writeFileSync(
      join(folder, 'config.yaml'),
      'project_name_override: skyops-client\npackage_name_override: skyops_client\n',
    );
    // A warning is a piece of the client that is left out.
    const args = [
      'generate',
      '--path',
      'openapi.json',
      '--output-path',
      'client',
      '--config',
      'config.yaml',
      '--fail-on-warning',
    ];
    await run(join(PYTHON, 'openapi-python-client'), args, folder);
    copyFileSync(join(HERE, 'try.py'), join(folder, 'client/try.py'));
    assert.match(await run(join(PYTHON, 'python'), ['try.py', url], join(folder, 'client')), /all of it is so/);
  });
});

describe('a fuzzer that reads the OpenAPI document', () => {
  it('schemathesis finds no answer that the document does not have', async (test) => {
    if (!hasTools(test, PYTHON)) return;
    const { url } = await startOwnProcess(test, {
      // What it starts must end soon: it starts hundreds.
      SKYOPS_MAX_SECONDS: '0.5',
      SKYOPS_MAX_CORES: '1',
      SKYOPS_MAX_MEMORY: '32Mi',
    });
    const folder = await folderWithDocument(test, url);
    const said = await run(
      join(PYTHON, 'schemathesis'),
      [
        ...['run', `${url}/openapi.json`, '--url', url, '--no-color', '--max-examples', '60', '--checks', 'all'],
        // Not asked: rules between fields, and caps, which no schema can say (422, as documented); another method with a body, which is refused for the
        // body first (http-conformance.test.ts); a cancelled simulation, whose report stays readable.
        ...['--exclude-checks', 'positive_data_acceptance,unsupported_method,use_after_free'],
        // A stream without an end.
        ...['--exclude-path', '/events'],
      ],
      folder,
    );
    test.diagnostic(/Seed: \d+/.exec(said)?.[0] ?? 'no seed');
    const generated = Number(/(\d+) generated/.exec(said)?.[1]);
    assert.ok(generated >= 300, said);
  });
});
