/** skyops simulate KIND: runs a simulation, here or in another SkyOps, shows its progress and prints its report. */
import { Option } from 'commander';
import type { ApiRefusal } from '#client/api.ts';
import { loadConfig } from '#config/load.ts';
import { Failure } from '#foundation/failure.ts';
import { EXIT_CODES } from '#lifecycle/exit-codes.ts';
import { type AnyKind, kinds } from '#simulation/catalog.ts';
import type { Simulation } from '#simulation/simulation.ts';
import { urlArgument } from '../arguments.ts';
import type { Command, CommandParts } from '../command.ts';
import { progressLine } from '../progress-line.ts';
import { reportTable } from '../report-table.ts';
import { type RequestOptions, requestOptions } from '../request-options.ts';
import type { Runner, Running } from '../runner.ts';
import type { Terminal } from '../terminal.ts';

const EXAMPLES = [
  'skyops simulate cpu --cpu 250m --for 60s',
  'skyops simulate cpu --cpu 70% --for 5m --shape ramp:from=0.1,to=1',
  'skyops simulate cpu --cpu 1.5 --for 2m --url http://localhost:8001',
  'skyops simulate memory --memory 256Mi --for 30s --json',
];

const examplesIn = (lines: readonly string[]) => `\nExamples:\n${lines.map((line) => `  ${line}`).join('\n')}`;

/** Those that are written out, or else the one that the kind itself gives. */
function examplesOf({ name, example }: AnyKind): string {
  const own = EXAMPLES.filter((line) => line.startsWith(`skyops simulate ${name} `));
  const { seconds, ...fields } = example.request as { readonly seconds?: number };
  const options = Object.entries(fields).map(([field, value]) => ` --${field.replaceAll('_', '-')} ${value}`);
  const duration = seconds === undefined ? '' : ` --for ${seconds}s`;
  return examplesIn(own.length > 0 ? own : [`skyops simulate ${name}${options.join('')}${duration}`]);
}

type Given = { readonly url?: URL; readonly json?: boolean };

export const simulateCommand: Command = (program, parts, done) => {
  const simulate = program
    .command('simulate')
    .description('make load, exactly as much as asked, and report what was delivered')
    .addHelpText('after', examplesIn(EXAMPLES));
  for (const kind of kinds) {
    const request = requestOptions(kind.request);
    const command = simulate.command(kind.name).description(kind.description).addHelpText('after', examplesOf(kind));
    request.add(command);
    command
      .addOption(
        new Option('--url <url>', 'let the SkyOps there do it, instead of this process').argParser(urlArgument),
      )
      .option('--json', 'print the report as JSON')
      .action(async (options: Given & Record<string, unknown>) => {
        done(await simulateHereOrThere(kind, request, options, parts));
      });
  }
};

async function simulateHereOrThere(
  kind: AnyKind,
  request: RequestOptions,
  options: Given & Readonly<Record<string, unknown>>,
  parts: CommandParts,
): Promise<number> {
  const { terminal } = parts;
  const { url, json = false } = options;
  const body = request.bodyOf(options);
  const wrong = request.wrongIn(body);
  if (wrong.length > 0) {
    terminal.err(`skyops: nothing was started.\n${wrong.map((each) => `  ${each}\n`).join('')}`);
    return EXIT_CODES.misconfigured;
  }
  try {
    const runner = await openRunner(url, parts);
    if (runner === undefined) return EXIT_CODES.misconfigured;
    const started = await runner.start(kind, body);
    const exitCode = started.ok
      ? await followed(started.value, terminal, json)
      : sayNotStarted(started.refusal, request, terminal);
    await runner.close();
    return exitCode;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    terminal.err(`skyops: ${error.message}\n${error.hint === undefined ? '' : `${error.hint}\n`}`);
    return EXIT_CODES.failed;
  }
}

/** Loaded when it is known which: the one needs no threads, the other no network. */
async function openRunner(url: URL | undefined, parts: CommandParts): Promise<Runner | undefined> {
  if (url !== undefined) {
    const { openRemoteRunner } = await import('../runners/remote.ts');
    return openRemoteRunner(url, parts.clock);
  }
  const loaded = loadConfig(parts.environment);
  if (!loaded.ok) {
    const errors = loaded.refusal.map((error) => `  ${error}\n`).join('');
    parts.terminal.err(`skyops: the configuration is wrong, nothing was started.\n${errors}`);
    return undefined;
  }
  const { openLocalRunner } = await import('../runners/local.ts');
  const caps = loaded.value.config.simulation;
  return openLocalRunner({ clock: parts.clock, caps, machine: await parts.openMachine() });
}

async function followed(running: Running, terminal: Terminal, json: boolean): Promise<number> {
  const { interrupt, isWatched } = terminal;
  const cancel = () => {
    running.cancel().catch((error: Error) => terminal.err(`skyops: it could not be cancelled. ${error.message}\n`));
  };
  if (interrupt.aborted) cancel();
  interrupt.addEventListener('abort', cancel, { once: true });
  // Drawn over itself; the escape sequence clears what a longer line before has left.
  const draw = (now: Simulation) => terminal.err(`\r${progressLine(now)}\u001b[K`);
  const report = await running.watch(isWatched ? draw : undefined);
  if (isWatched) terminal.err('\r\u001b[K');
  terminal.out(json ? `${JSON.stringify(report)}\n` : reportTable(report));
  return exitCodeOf(report, interrupt.aborted);
}

function exitCodeOf({ ended_because }: Simulation, wasInterrupted: boolean): number {
  if (ended_because === 'completed') return EXIT_CODES.clean;
  return wasInterrupted && ended_because === 'cancelled' ? EXIT_CODES.aborted : EXIT_CODES.failed;
}

function sayNotStarted(
  { detail, errors, retryAfterSeconds, isWrong }: ApiRefusal,
  { nameOf }: RequestOptions,
  { err }: Terminal,
): number {
  err(`skyops: nothing was started. ${detail}\n`);
  for (const { pointer, message } of errors) err(`  ${nameOf(pointer)}: ${message}\n`);
  if (retryAfterSeconds !== undefined) err(`  Try again in ${retryAfterSeconds} s.\n`);
  return isWrong ? EXIT_CODES.misconfigured : EXIT_CODES.exhausted;
}
