/** A SkyOps on a port of its own, with its log in a file, that is stopped and started again as a rollout does. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { environmentOf, MAIN } from '#test/support/own-process.ts';
import { until } from '#test/support/until.ts';

export type ReplicaOptions = {
  readonly port: number;
  readonly logFile: string;
  readonly settings?: Readonly<Record<string, string>>;
  readonly nodeOptions?: readonly string[];
  /** RLIMIT_NOFILE of the process. */
  readonly maxOpenFiles?: number;
  /** As process 1 of a pid namespace of its own, as in a container. */
  readonly isFirst?: boolean;
};

export class Replica {
  readonly #options: ReplicaOptions;
  #child: ChildProcess | undefined;

  constructor(options: ReplicaOptions) {
    this.#options = options;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#options.port}`;
  }

  get port(): number {
    return this.#options.port;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** The log of all its lives, as JSON. */
  get log(): readonly Record<string, unknown>[] {
    const text = readFileSync(this.#options.logFile, 'utf8');
    return text
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line));
  }

  /** Resolves when it is ready. */
  async start(): Promise<void> {
    const { port, logFile, settings, nodeOptions = [], maxOpenFiles, isFirst = false } = this.#options;
    const log = openSync(logFile, 'a');
    const command = [process.execPath, ...nodeOptions, MAIN];
    if (isFirst) command.unshift('unshare', '--pid', '--fork', '--mount-proc', '--kill-child');
    if (maxOpenFiles !== undefined) command.unshift('prlimit', `--nofile=${maxOpenFiles}`);
    const [program = '', ...args] = command;
    const child = spawn(program, args, {
      env: environmentOf({ SKYOPS_PORT: String(port), SKYOPS_LOG_LEVEL: 'warn', ...settings }),
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    this.#child = child;
    await until(`the replica on ${port} is ready`, async () => {
      if (child.exitCode !== null)
        throw new Error(`it exited with ${child.exitCode}: ${readFileSync(logFile, 'utf8')}`);
      return fetch(`${this.url}/ready`, { headers: { connection: 'close' } }).then(
        ({ ok }) => ok || undefined,
        () => undefined,
      );
    });
  }

  signal(name: NodeJS.Signals): void {
    const child = this.#child;
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    // unshare stays outside of the namespace and passes no signals on.
    const inner = this.#options.isFirst ? readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8') : '';
    process.kill(Number(inner.trim()) || child.pid, name);
  }

  /** Resolves with the exit code, or the signal that ended it. */
  async exited(): Promise<number | string | null> {
    const child = this.#child;
    if (child === undefined) return null;
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    return child.exitCode ?? child.signalCode;
  }

  /** For the end of a test, whatever state it is in. */
  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await this.exited();
    await pause(0);
  }
}
