/** Programs under measurement: started each in a session of its own, under the quota where there is one, and ended whole. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { QUOTA_FOLDER } from './quota.ts';

/** Each in a session of its own, as containers are apart: Linux shares CPUs between sessions before it looks at priorities. */
export function run(command: string, args: readonly string[], isLimited: boolean): ChildProcess {
  const program = isLimited
    ? ['sh', '-c', `echo $$ > ${QUOTA_FOLDER}/cgroup.procs; exec "$@"`, 'sh', command]
    : [command];
  const [first = '', ...rest] = [...program, ...args];
  return spawn(first, rest, {
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore'],
    env: {
      PATH: process.env['PATH'],
      SKYOPS_HOST: '127.0.0.1',
      SKYOPS_PORT: '0',
      SKYOPS_DRAIN_DELAY_SECONDS: '0',
      // As in the image.
      NODE_COMPILE_CACHE: join(tmpdir(), 'skyops-bench-compile-cache'),
    },
  });
}

export async function end(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit');
  // The whole session: stress-ng works in children.
  process.kill(-(child.pid ?? 0), 'SIGTERM');
  await exited;
}

type Started = { readonly id: string; readonly started_at: string };
type Report = {
  readonly delivered: { readonly core_seconds: number; readonly peak_bytes: number };
  readonly state: string;
};

/** SkyOps as it is deployed: the service, asked over HTTP. */
export type SkyOps = {
  readonly url: string;
  readonly pid: number;
  readonly start: (kind: string, body: object) => Promise<Started>;
  readonly read: (id: string) => Promise<Report>;
  readonly cancelAll: () => Promise<void>;
  readonly close: () => Promise<void>;
};

/**
 * What it may take to be as it will stay. Some seconds after the start V8 collects what the start has left behind, some 25 ms of CPU time once (seen with --trace-gc);
 * a load that began before would have them in one of its seconds.
 */
const SETTLE_MS = 15_000;

export async function openSkyOps(isLimited = false): Promise<SkyOps> {
  const child = run(process.execPath, [fileURLToPath(new URL('../../src/main.ts', import.meta.url))], isLimited);
  const { promise, resolve } = Promise.withResolvers<string>();
  createInterface({ input: child.stdout ?? process.stdin }).on('line', (line) => {
    const { msg, url } = JSON.parse(line) as { msg: string; url: string };
    if (msg === 'service started') resolve(url);
  });
  const url = await promise;
  await pause(SETTLE_MS);
  return {
    url,
    pid: child.pid ?? 0,
    start: async (kind, body) => {
      const answer = await fetch(`${url}/simulations/${kind}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      if (answer.status !== 202) throw new Error(await answer.text());
      return (await answer.json()) as Started;
    },
    read: async (id) => (await (await fetch(`${url}/simulations/${id}`)).json()) as Report,
    cancelAll: async () => void (await (await fetch(`${url}/simulations`, { method: 'DELETE' })).text()),
    close: () => end(child),
  };
}
