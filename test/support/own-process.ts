/** SkyOps as a process of its own, with real signals, a real exit code and a real log on a real pipe. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { LogLine } from './in-process.ts';
import { until } from './until.ts';

export const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

type Exit = { readonly code: number | null; readonly signal: NodeJS.Signals | null };

export type OwnProcess = {
  readonly url: string;
  readonly pid: number;
  readonly child: ChildProcess;
  readonly log: readonly LogLine[];
  readonly exited: Promise<Exit>;
};

/** The environment of a test process: nothing of the machine's but what a program needs to be found. */
export function environmentOf(settings: Readonly<Record<string, string>>): Record<string, string> {
  return { PATH: process.env['PATH'] ?? '', SKYOPS_HOST: '127.0.0.1', SKYOPS_PORT: '0', ...settings };
}

/** Starts it and resolves when it is ready; it is killed after the test if it still runs. */
export async function startOwnProcess(
  test: TestContext,
  settings: Readonly<Record<string, string>> = {},
  nodeOptions: readonly string[] = [],
  /** What runs it, such as a shell that enters a cgroup first and then becomes it. */
  launcher: readonly string[] = [],
  /** The sources, or a bundle of them. */
  main = MAIN,
): Promise<OwnProcess> {
  const [command = '', ...args] = [...launcher, process.execPath, ...nodeOptions, main];
  const child = spawn(command, args, {
    env: environmentOf({ SKYOPS_DRAIN_DELAY_SECONDS: '0', ...settings }),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = exitOf(child);
  test.after(async () => {
    child.kill('SIGKILL');
    await exited;
  });
  const log: LogLine[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => log.push(JSON.parse(line)));
  const started = await until('the service has started', () => {
    if (child.exitCode !== null) throw new Error(`it exited with ${child.exitCode}: ${JSON.stringify(log)}`);
    return log.find(({ msg }) => msg === 'service started');
  });
  return { url: String(started['url']), pid: child.pid ?? 0, child, log, exited };
}

function exitOf(child: ChildProcess): Promise<Exit> {
  return new Promise((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })));
}

/**
 * CPU time of a process and all its threads in seconds, from outside: utime and stime of /proc/pid/stat, in ticks of
 * 10 ms (USER_HZ is 100 on every Linux that Node runs on).
 */
export function cpuSecondsOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name in parentheses may hold spaces; utime and stime are the fields 14 and 15 of proc(5).
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** The cores of the machine, whoever may use them, and their idle time together in seconds: idle and iowait of proc_stat(5), in the same ticks. */
export function idleCoresOfMachine(): { readonly cores: number; readonly idleSeconds: number } {
  const stat = readFileSync('/proc/stat', 'utf8');
  const [, , , idle, iowait] = stat.split('\n', 1)[0]?.split(/ +/).slice(1) ?? [];
  return { cores: stat.match(/^cpu\d/gm)?.length ?? 0, idleSeconds: (Number(idle) + Number(iowait)) / 100 };
}
