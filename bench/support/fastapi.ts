/** FastAPI as a rival: installed into .cache once, from exact versions, where python3 with venv is there. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const VENV = join(ROOT, '.cache/bench-python');
const PACKAGES = ['fastapi==0.165.0', 'uvicorn[standard]==0.54.0', 'prometheus-client==0.26.0'];

/** Whether it is there, after it was installed where that is possible. */
export function hasFastApi(): boolean {
  if (!existsSync(join(VENV, 'bin/uvicorn')) && spawnSync('python3', ['-m', 'venv', VENV]).status === 0) {
    spawnSync(join(VENV, 'bin/pip'), ['install', '--quiet', ...PACKAGES], { stdio: ['ignore', 'ignore', 'inherit'] });
  }
  return existsSync(join(VENV, 'bin/uvicorn'));
}

/** The arguments that start it; `MIDDLEWARE` in its environment is `usual` or `asgi`. */
export function fastApiArgs(port: number): readonly string[] {
  return [
    join(VENV, 'bin/python'),
    ...['-m', 'uvicorn', 'fastapi_service:service', '--app-dir', join(ROOT, 'bench/rivals')],
    ...['--host', '127.0.0.1', '--port', String(port), '--no-access-log', '--log-level', 'warning'],
  ];
}
