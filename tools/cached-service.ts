/**
 * Stands in the bundle where the sources have `src/serve.ts`: the service as one file, with the code that V8 had compiled for it
 * when the image was built.
 *
 * Node's own compile cache holds what is compiled when a file is loaded; most functions are compiled when they are first called,
 * which was a quarter of the CPU time until the first answer (239 and 185 ms, medians of 9 starts side by side).
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { constants, Script } from 'node:vm';
import type * as Service from '../src/serve.ts';

const FILE = fileURLToPath(new URL('serve.cjs', import.meta.url));
const CACHE = fileURLToPath(new URL('serve.cache', import.meta.url));

let script: Script | undefined;

export function serve(program: Service.Package): Promise<number> {
  const source = readFileSync(FILE, 'utf8');
  script = new Script(`(function (exports, require, module, __filename, __dirname) {${source}\n})`, {
    filename: FILE,
    // V8 looks whether it fits: its own version, its flags (heap.ts sets two) and the length of the source. If not, it compiles.
    ...(existsSync(CACHE) ? { cachedData: readFileSync(CACHE) } : {}),
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
  const module = { exports: {} as typeof Service };
  script.runInThisContext()(module.exports, createRequire(FILE), module, FILE, dirname(FILE));
  return module.exports.serve(program);
}

/** Whether what was compiled before was of use. */
export const isCached = (): boolean => script?.cachedDataRejected === false;

/** Keeps what has been compiled by now for the next start. */
export function writeCache(): void {
  if (script !== undefined) writeFileSync(CACHE, script.createCachedData());
}
