/** The image: what is in it, how it is confined, and that SkyOps keeps its promises in it under a quota and a memory limit. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { parseAllDocuments, stringify } from 'yaml';
import { kubectl } from '#test/support/kubernetes-tools.ts';
import { until } from '#test/support/until.ts';
import { hasImage, IMAGE, LOCKED_DOWN, podman, podmanSays, runContainer } from './support/containers.ts';

/** What the runtime alone takes is 124 MB; the bound is what keeps node_modules or a shell from coming back unnoticed. */
const LARGEST_IMAGE_BYTES = 180e6;
const LARGEST_COMPRESSED_BYTES = 70e6;
/** The pages' own files are 2.8 MB of it, the service 2.7, what V8 compiled of it 1.8 and what draws 1.3. */
const LARGEST_PROGRAM_BYTES = 9.5e6;

const PORT = 18_380;

const get = async (url: string) => {
  const answer = await fetch(url);
  return { status: answer.status, body: await answer.text() };
};

/** What is asserted of a report; a problem has none of it, which the assertions then say. */
type Report = {
  readonly granted: { readonly cores: number; readonly limited_by: string };
  readonly delivered: { readonly core_seconds: number; readonly peak_bytes: number };
};

const post = async (url: string, body: object) => {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', prefer: 'wait=60' },
    body: JSON.stringify(body),
  });
  return { status: answer.status, body: (await answer.json()) as Report };
};

const isReady = (url: string) => async () => (await get(`${url}/ready`).catch(() => undefined))?.status === 200;

describe('the image', { concurrency: false }, () => {
  it('holds the runtime, its libraries and the program: no shell, no package manager, nothing that its user could write', (test) => {
    if (!hasImage(test)) return;
    const folder = mkdtempSync(join(tmpdir(), 'skyops-image-'));
    test.after(() => rmSync(folder, { recursive: true, force: true }));
    const name = podmanSays('create', IMAGE);
    test.after(() => podman('rm', name));
    const archive = join(folder, 'rootfs.tar');
    podmanSays('export', '--output', archive, name);
    const listing = spawnSync('tar', ['--list', '--verbose', '--numeric-owner', '--file', archive], {
      encoding: 'utf8',
    });
    const entries = listing.stdout.split('\n').filter(Boolean).map(entryOf);
    const files = entries.filter(({ kind }) => kind === '-');
    assert.ok(files.length > 20, `${files.length} files`);

    const names = files.map(({ path }) => path);
    const tools =
      /(^|\/)(sh|bash|dash|busybox|npm|npx|corepack|yarn|apt|apt-get|dpkg|curl|wget|python3?|perl|gcc|env)$/;
    assert.deepEqual(
      names.filter((path) => tools.test(path)),
      [],
    );
    assert.deepEqual(
      names.filter((path) => /\.test\.|\.ts$|\.map$/.test(path)),
      [],
    );
    // Under the terms of the libraries and of the runtime, their texts go with them.
    assert.ok(names.includes('usr/share/doc/libc6/copyright') && names.includes('app/THIRD-PARTY-LICENSES'));
    const places =
      /^(usr\/local\/bin\/node$|(usr\/)?lib(64)?\/|app\/|usr\/share\/doc\/[\w+-]+\/copyright$|etc\/(passwd|nsswitch\.conf)$|run\/\.containerenv$|etc\/(hosts|hostname|resolv\.conf)$)/;
    assert.deepEqual(
      names.filter((path) => !places.test(path)),
      [],
    );
    assert.deepEqual(
      entries.filter(({ mode }) => /^.{3,8}[sS]/.test(mode)).map(({ path }) => path),
      [],
    );
    // Everything is root's, and nobody else may write, but for /tmp.
    const writable = entries.filter(({ mode, kind, path }) => kind !== 'l' && mode[8] === 'w' && path !== 'tmp/');
    assert.deepEqual(
      writable.map(({ path }) => path),
      [],
    );
    assert.deepEqual(
      entries.filter(({ owner, path }) => owner !== '0/0' && /^app\//.test(path)).map(({ path }) => path),
      [],
    );

    const unpacked = files.reduce((sum, { bytes }) => sum + bytes, 0);
    const program = files.filter(({ path }) => path.startsWith('app/')).reduce((sum, { bytes }) => sum + bytes, 0);
    const compressed = gzipSync(readFileSync(archive)).length;
    test.diagnostic(
      `${(unpacked / 1e6).toFixed(1)} MB unpacked, of which the program ${(program / 1e6).toFixed(1)} MB; ${(compressed / 1e6).toFixed(1)} MB compressed`,
    );
    assert.ok(unpacked <= LARGEST_IMAGE_BYTES, `${unpacked} bytes unpacked`);
    assert.ok(compressed <= LARGEST_COMPRESSED_BYTES, `${compressed} bytes compressed`);
    assert.ok(program <= LARGEST_PROGRAM_BYTES, `${program} bytes of program`);
  });

  it('says who it is and how it is run: numeric user, exec form, labels, health check', (test) => {
    if (!hasImage(test)) return;
    const [{ Config: config, HealthCheck, Healthcheck }] = JSON.parse(podmanSays('image', 'inspect', IMAGE));
    assert.equal(config.User, '65532:65532');
    assert.equal(config.Entrypoint[0], '/usr/local/bin/node');
    assert.equal(config.Entrypoint.at(-1), 'src/main.js');
    for (const label of ['title', 'description', 'licenses', 'version', 'revision', 'created']) {
      assert.ok(`org.opencontainers.image.${label}` in config.Labels, label);
    }
    assert.equal(config.Labels['org.opencontainers.image.title'], 'SkyOps');
    const check = config.Healthcheck ?? Healthcheck ?? HealthCheck;
    assert.deepEqual(check.Test.slice(0, 4), ['CMD', '/usr/local/bin/node', 'src/main.js', 'check']);
  });

  it('has the certificates and the time zones of the world in its runtime', (test) => {
    if (!hasImage(test)) return;
    const program =
      "console.log(require('node:tls').rootCertificates.length > 100, new Date(0).toLocaleString('en-GB', { timeZone: 'Asia/Kathmandu' }))";
    assert.equal(
      podmanSays('run', '--rm', '--entrypoint', '/usr/local/bin/node', IMAGE, '--eval', program),
      'true 01/01/1970, 05:30:00',
    );
  });

  it('may read its own files and what the kernel says, and nothing else: no write, no program, no foreign file', (test) => {
    if (!hasImage(test)) return;
    const [{ Config: config }] = JSON.parse(podmanSays('image', 'inspect', IMAGE));
    const attempt = (code: string) => {
      const args = [...config.Entrypoint.slice(0, -1), '-e', code];
      return podman('run', '--rm', '--network', 'none', '--entrypoint', JSON.stringify(args), IMAGE);
    };
    const allowed = attempt(
      "require('fs').readFileSync('/app/package.json'); require('fs').readFileSync('/proc/self/stat')",
    );
    assert.equal(allowed.status, 0, allowed.stderr);
    for (const code of [
      "require('fs').readFileSync('/etc/passwd')",
      "require('fs').readdirSync('/')",
      "require('fs').writeFileSync('/tmp/x', 'x')",
      "require('child_process').spawnSync('/usr/local/bin/node')",
      "process.dlopen({ exports: {} }, '/lib/x86_64-linux-gnu/libc.so.6')",
    ]) {
      const { status, stderr } = attempt(code);
      // spawnSync gives its error as a value in some versions; then nothing was started and the code ends with 0 or 1.
      assert.ok(status !== 0, `${code} was allowed`);
      assert.match(stderr, /ERR_ACCESS_DENIED|ERR_DLOPEN_DISABLED/, code);
    }
  });

  it('starts from the code that V8 compiled when the image was built', (test) => {
    if (!hasImage(test)) return;
    const [{ Config: config }] = JSON.parse(podmanSays('image', 'inspect', IMAGE));
    const code = `
      const { readdirSync } = require('node:fs');
      // The two of src/heap.ts: V8 takes the code under the same flags only.
      for (const flag of ['--memory-reducer-gc-count=0', '--expose-gc']) require('node:v8').setFlagsFromString(flag);
      const name = readdirSync('/app/src').find((file) => file.startsWith('cached-service'));
      import('/app/src/' + name).then(({ serve, isCached }) => {
        serve({ name: 'skyops', version: '0.0.0' });
        console.log(isCached());
        process.exit();
      });`;
    const args = [...config.Entrypoint.slice(0, -1), '-e', code];
    const { stdout, stderr } = podman(
      ...['run', '--rm', '--network', 'none', '--env', 'SKYOPS_LOG_LEVEL=silent'],
      ...['--entrypoint', JSON.stringify(args), IMAGE],
    );
    assert.equal(stdout, 'true\n', stderr);
  });

  it('keeps its promises locked down, under half a core and 256 MiB, and ends with 0', async (test) => {
    if (!hasImage(test)) return;
    const container = runContainer(test, PORT, ...LOCKED_DOWN);
    const { url, name } = container;
    await until('it is ready', isReady(url));
    assert.deepEqual(await get(`${url}/health`), { status: 200, body: '{"status":"ok"}' });
    assert.equal(podman('healthcheck', 'run', name).status, 0);
    for (const path of ['/', '/metrics', '/openapi.json', '/docs', '/docs/bundle.js', '/redoc', '/redoc/bundle.js']) {
      assert.equal((await get(url + path)).status, 200, path);
    }
    const status = JSON.parse((await get(`${url}/status`)).body);
    assert.equal(status.container.cpu.limit_cores, 0.5);
    assert.equal(status.container.memory.limit_bytes, 256 * 2 ** 20);

    // Flat out: as much as the quota less the reserve, and the container is hardly ever stopped by the kernel.
    const flatOut = await post(`${url}/simulate-cpu`, { seconds: 5, parallelism: 2 });
    assert.equal(flatOut.status, 200);
    assert.equal(flatOut.body.granted.limited_by, 'quota');
    assert.equal(flatOut.body.granted.cores, 0.4);
    const delivered = flatOut.body.delivered.core_seconds;
    assert.ok(delivered > 1 && delivered < 2.02, `${delivered} core-seconds of 2`);
    assert.equal((await post(`${url}/simulate-cpu`, { cpu: '600m', seconds: 1 })).status, 422);

    const held = await post(`${url}/simulations/memory`, { memory: '96Mi', seconds: 2 });
    assert.equal(held.body.delivered.peak_bytes, 96 * 2 ** 20);
    assert.equal((await post(`${url}/simulations/memory`, { memory: '400Mi' })).status, 422);
    const after = JSON.parse((await get(`${url}/status`)).body);
    assert.equal(after.container.memory.oom_kills, 0);
    assert.equal((await get(`${url}/health`)).status, 200);

    assert.equal(container.stop(), 0);
    const last = container.log().at(-1);
    assert.equal(last?.['msg'], 'service stopped, nothing was cut');
    assert.deepEqual(
      container.log().filter(({ level, msg }) => level === 'warn' && msg !== 'simulation refused'),
      [],
    );
  });

  it('runs unconfined too, and says at start what is unusual about it', async (test) => {
    if (!hasImage(test)) return;
    const container = runContainer(test, PORT + 1, '--network', 'host', '--user', '0:0');
    await until('it is ready', isReady(container.url));
    const warnings = container.log().filter(({ level }) => level === 'warn');
    assert.deepEqual(
      warnings.map(({ msg }) => /root\.|root file system|memory limit/.exec(msg)?.[0]),
      ['root.', 'root file system', 'memory limit'],
    );
    assert.equal(container.stop(), 0);
  });

  it('refuses a wrong configuration with exit code 2, all of it at once', (test) => {
    if (!hasImage(test)) return;
    const { status, stderr } = podman(
      'run',
      '--rm',
      '--network',
      'none',
      '--env',
      'SKYOPS_PORT=x',
      '--env',
      'SKYOPS_NOPE=1',
      IMAGE,
    );
    assert.equal(status, 2);
    assert.match(stderr, /SKYOPS_PORT: got "x".*\n.*SKYOPS_NOPE: there is no such setting/);
  });

  it('runs as the Deployment says, played by podman', async (test) => {
    if (!hasImage(test)) return;
    const manifests = kubectl('kustomize', fileURLToPath(new URL('../../k8s', import.meta.url)));
    const deployment = parseAllDocuments(manifests)
      .map((document) => document.toJS())
      .find(({ kind }) => kind === 'Deployment');
    const [container] = deployment.spec.template.spec.containers;
    container.image = IMAGE;
    // podman 4.3 knows metadata.name alone.
    for (const variable of container.env) {
      const path = variable.valueFrom?.fieldRef?.fieldPath;
      if (path === undefined || path === 'metadata.name') continue;
      delete variable.valueFrom;
      variable.value = 'played';
    }
    const folder = mkdtempSync(join(tmpdir(), 'skyops-play-'));
    const file = join(folder, 'deployment.yaml');
    writeFileSync(file, stringify(deployment));
    test.after(() => {
      podman('kube', 'down', file);
      rmSync(folder, { recursive: true, force: true });
    });
    podmanSays('kube', 'play', file);
    const pod = JSON.parse(podmanSays('pod', 'inspect', 'skyops-pod-0'));
    const [infra] = JSON.parse(podmanSays('inspect', pod.InfraContainerID));
    const [network] = Object.values<any>(infra.NetworkSettings.Networks);
    const url = `http://${network.IPAddress}:8001`;
    await until('it is ready', isReady(url));
    const status = JSON.parse((await get(`${url}/status`)).body);
    assert.equal(status.service.pod.name, 'skyops-pod-0');
    assert.equal(status.container.cpu.limit_cores, 1);
    assert.equal(status.container.memory.limit_bytes, 320 * 2 ** 20);
    const [inside] = JSON.parse(podmanSays('inspect', 'skyops-pod-0-skyops'));
    assert.equal(inside.Config.User, '65532:65532');
    assert.equal(inside.HostConfig.ReadonlyRootfs, true);
    assert.deepEqual(inside.EffectiveCaps ?? [], []);
  });
});

type Entry = {
  readonly mode: string;
  readonly kind: string;
  readonly owner: string;
  readonly bytes: number;
  readonly path: string;
};

/** A line of `tar --list --verbose --numeric-owner`: `-rw-r--r-- 0/0 123 2026-11-23 10:00 app/LICENSE`. */
function entryOf(line: string): Entry {
  const [, mode = '', owner = '', bytes = '0', path = ''] =
    /^(\S+)\s+(\S+)\s+(\d+)\s+\S+\s+\S+\s+(.*?)( -> .*)?$/.exec(line) ?? [];
  return { mode, kind: mode[0] ?? '', owner, bytes: Number(bytes), path };
}
