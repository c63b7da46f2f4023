/** The pictures of docs/ that come from what its pages say: the forecast from its command line, the accuracy from its table. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { drawAccuracy } from '../bench/support/accuracy-picture.ts';

const ROOT = join(import.meta.dirname, '..');

/** @returns each picture by its path from docs/reference. */
export function drawnFiles(): Record<string, string> {
  return {
    '../autoscaling.svg': forecastOf(readFileSync(join(ROOT, 'docs/autoscaling.md'), 'utf8')),
    '../bench/load-accuracy.svg': drawAccuracy(readFileSync(join(ROOT, 'docs/bench/load-accuracy.md'), 'utf8')),
  };
}

/** By the command that the page shows, as a reader would run it. */
function forecastOf(page: string): string {
  const [, words] = /^\.\/skyops (hpa .* --picture) \S+$/m.exec(page) ?? [];
  if (words === undefined) throw new Error('docs/autoscaling.md shows no command with --picture');
  const folder = mkdtempSync(join(tmpdir(), 'skyops-picture-'));
  try {
    const file = join(folder, 'forecast.svg');
    execFileSync(process.execPath, ['src/main.ts', ...words.split(' '), file], { cwd: ROOT });
    return readFileSync(file, 'utf8');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
