/**
 * Moves the tables of test/kubernetes/ to a folder in which the oracle answers them, and back:
 *
 *     node tools/kubernetes-oracle/tables.ts unpack FOLDER
 *     cd tools/kubernetes-oracle && go run . FOLDER
 *     node tools/kubernetes-oracle/tables.ts pack FOLDER
 *
 * In the repository the manifests are one file; the oracle reads each case as a folder, as kubectl does. The types of the API are part of
 * the program.
 */
import { copyFileSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const TABLES = join(import.meta.dirname, '../../test/kubernetes');
const TYPES = join(import.meta.dirname, '../../src/kubernetes/types.json');
const PLAIN = ['quantities.json', 'scalars.json', 'replicas.json', 'rates.json'];

type Case = { readonly name: string; readonly files: Readonly<Record<string, string>>; readonly expected: unknown };

const [direction, folder] = process.argv.slice(2);
if (folder === undefined || (direction !== 'pack' && direction !== 'unpack')) {
  console.error('usage: tables.ts pack|unpack FOLDER');
  process.exit(2);
}
if (direction === 'unpack') unpack(folder);
else pack(folder);

function unpack(into: string): void {
  mkdirSync(into, { recursive: true });
  for (const name of PLAIN) copyFileSync(join(TABLES, name), join(into, name));
  const cases = JSON.parse(readFileSync(join(TABLES, 'manifests.json'), 'utf8')) as readonly Case[];
  for (const { name, files } of cases) {
    for (const [path, content] of Object.entries(files)) {
      const file = join(into, 'manifests', name, path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, content, 'latin1');
    }
  }
}

/** As bytes, a character each: some of the files are not UTF-8. */
function pack(from: string): void {
  for (const name of PLAIN) copyFileSync(join(from, name), join(TABLES, name));
  copyFileSync(join(from, 'types.json'), TYPES);
  const root = join(from, 'manifests');
  const cases = readdirSync(root)
    .toSorted()
    .map((name): Case => {
      const paths = readdirSync(join(root, name), { recursive: true, encoding: 'utf8' }).toSorted();
      const files = paths.filter((path) => path !== 'expected.json' && statSync(join(root, name, path)).isFile());
      return {
        name,
        files: Object.fromEntries(files.map((path) => [path, readFileSync(join(root, name, path), 'latin1')])),
        expected: JSON.parse(readFileSync(join(root, name, 'expected.json'), 'utf8')),
      };
    });
  writeFileSync(join(TABLES, 'manifests.json'), `[\n${cases.map((each) => JSON.stringify(each)).join(',\n')}\n]\n`);
}
