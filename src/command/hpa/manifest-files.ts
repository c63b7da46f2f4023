/** Finds the files that --file names, as kubectl does: a file, a folder of them, or standard input. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { granted, type Outcome, refused } from '#foundation/outcome.ts';
import type { ManifestFile } from '#kubernetes/objects.ts';

/** In a folder only these; a file that is named is read whatever its name. */
const MANIFEST = /\.(ya?ml|json)$/;

/** Larger ones are no manifests; the largest that the API server takes has 3 MiB. */
const MOST_BYTES = 16 * 1024 ** 2;

export function readFiles(
  paths: readonly string[],
  isRecursive: boolean,
): Outcome<readonly ManifestFile[], readonly string[]> {
  if (paths.includes('')) return refused(['--file is empty: give a path.']);
  const errors: string[] = [];
  // Twice the same file is the file, as for kubectl.
  const names = new Set<string>();
  const files = paths.flatMap((path) => {
    try {
      const fresh = namesBelow(path, isRecursive).filter((name) => !names.has(resolve(name)));
      for (const name of fresh) names.add(resolve(name));
      return fresh.map(readFile);
    } catch (error) {
      errors.push(`--file ${path} cannot be read: ${(error as Error).message}`);
      return [];
    }
  });
  if (errors.length === 0 && files.length === 0) {
    errors.push(
      `--file ${paths.join(', ')}: there is no file that ends with .yaml, .yml or .json${isRecursive ? '' : '; --recursive looks into its folders'}.`,
    );
  }
  return errors.length > 0 ? refused(errors) : granted(files);
}

function namesBelow(path: string, isRecursive: boolean): readonly string[] {
  if (path === '-' || !statSync(path).isDirectory()) return [path];
  const names = readdirSync(path, { recursive: isRecursive, encoding: 'utf8' }).toSorted();
  return names
    .filter((name) => MANIFEST.test(name))
    .map((name) => join(path, name))
    .filter((name) => statSync(name).isFile());
}

function readFile(path: string): ManifestFile {
  if (path === '-') return { path: 'standard input', text: decoded(readFileSync(0)) };
  if (statSync(path).size > MOST_BYTES) throw new Error(`${path} is larger than any manifest`);
  return { path, text: decoded(readFileSync(path)) };
}

/** UTF-8, or UTF-16 that says so in its first two bytes. */
export function decoded(content: Buffer): string {
  const [first, second] = content;
  if (first === 0xff && second === 0xfe) return new TextDecoder('utf-16le').decode(content);
  if (first === 0xfe && second === 0xff) return new TextDecoder('utf-16be').decode(content);
  return content.toString('utf8');
}
