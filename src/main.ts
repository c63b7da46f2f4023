/** The entry: runs the service where there are no arguments, and a command where there are some. */
import { readFileSync } from 'node:fs';
import type { Terminal } from '#command/terminal.ts';
import { systemClock } from '#foundation/clock.ts';
import { tricks } from '#foundation/tricks.ts';
import { EXIT_CODES } from '#lifecycle/exit-codes.ts';
import { collectOnlyOnDemand, keepTick } from './heap.ts';
import type { Package } from './serve.ts';

const program = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as Package;

// What is not needed is not loaded: the service is the largest part, and a health check runs every few seconds.
collectOnlyOnDemand();
if (tricks.keptTick) keepTick();
const args = process.argv.slice(2);
process.exitCode = args.length === 0 ? await serve() : await command();

async function serve(): Promise<number> {
  return (await import('./serve.ts')).serve(program);
}

async function command(): Promise<number> {
  const { runCommand } = await import('#command/program.ts');
  const interrupt = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      // The first takes the load away and waits for the report; who signals again does not want to wait.
      if (interrupt.signal.aborted) process.exit(EXIT_CODES.aborted);
      interrupt.abort();
    });
  }
  // Whoever reads may stop reading, as head does; that is no error of ours.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  const terminal: Terminal = {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    isWatched: process.stderr.isTTY === true,
    interrupt: interrupt.signal,
  };
  const openMachine = async () => (await import('./machine.ts')).openMachine();
  const release = () => {
    // The service has signals of its own, with other meanings.
    process.removeAllListeners('SIGINT').removeAllListeners('SIGTERM');
    return serve();
  };
  const parts = { terminal, clock: systemClock, environment: process.env, openMachine, serve: release };
  return runCommand(args, program.version, parts);
}
