/**
 * Lists what ships, as CycloneDX: npm's own list, less what is not in the bundle. `node tools/sbom.ts FOLDER` (dist), where the bundle is;
 * writes sbom.cdx.json into it. The runtime is in the image beside it, and is listed too.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

type Component = { readonly name: string; readonly version: string; readonly purl?: string };

const folder = resolve(process.argv[2] ?? 'dist');
const bundled = new Set(JSON.parse(readFileSync(join(folder, 'bundled-packages.json'), 'utf8')) as string[]);
const root = join(import.meta.dirname, '..');
const list = JSON.parse(
  execFileSync('npm', ['sbom', '--sbom-format', 'cyclonedx', '--sbom-type', 'application'], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    maxBuffer: 2 ** 26,
  }),
);
const isShipped = ({ name, version }: Component) => bundled.has(`${name}@${version}`) || name === 'node';
const components = (list.components as Component[]).filter(isShipped);
const refs = new Set(components.map((component) => (component as unknown as Record<string, string>)['bom-ref']));
const sbom = {
  ...list,
  components,
  dependencies: (list.dependencies as { ref: string; dependsOn: string[] }[])
    .filter(({ ref }) => refs.has(ref))
    .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((each) => refs.has(each)) })),
};
writeFileSync(join(folder, 'sbom.cdx.json'), `${JSON.stringify(sbom, null, 2)}\n`);
console.log(`${components.length} components in ${join(folder, 'sbom.cdx.json')}`);
