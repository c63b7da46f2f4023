/** The only file that touches the process: environment, signals, output and exit code. */
import { readFileSync } from 'node:fs';
import { loadConfig } from '#config/load.ts';
import { systemClock } from '#foundation/clock.ts';
import { Failure } from '#foundation/failure.ts';
import { FLUSH_TIMEOUT_MS } from '#lifecycle/drain.ts';
import { EXIT_CODES } from '#lifecycle/exit-codes.ts';
import { createSignalReader } from '#lifecycle/signals.ts';
import { createLog } from '#observability/logger.ts';
import { type Service, startService } from './service.ts';

const STDOUT = 1;

const loaded = loadConfig(process.env);
if (!loaded.ok) {
  const errors = loaded.refusal.map((error) => `  ${error}\n`).join('');
  process.stderr.write(
    `skyops: the configuration is wrong, nothing was started.\n${errors}Every setting: docs/reference/configuration.md\n`,
  );
  process.exit(EXIT_CODES.misconfigured);
}

const { config } = loaded.value;
const { name, version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  name: string;
  version: string;
};
const clock = systemClock;
const log = createLog(config.logger, { service: name, version }, STDOUT);
const { logger } = log;

let isExiting = false;

/** The last act. The log gets its time, and not more: its reader may never read again. */
async function exit(code: number): Promise<never> {
  isExiting = true;
  await log.close(clock, FLUSH_TIMEOUT_MS);
  process.exit(code);
}

function dieOf(error: unknown): void {
  // What goes wrong while the last lines are written cannot be told any more.
  if (isExiting) return;
  const hint = error instanceof Failure ? error.hint : undefined;
  logger.fatal({ err: error, ...(hint === undefined ? {} : { hint }) }, 'uncaught error, exiting');
  void exit(EXIT_CODES.failed);
}
process.on('uncaughtException', dieOf);
process.on('unhandledRejection', dieOf);

// Before anything is started: as process 1 of a container, a signal without a handler is not delivered at all.
const hurry = new AbortController();
const { promise: stopRequested, resolve: requestStop } = Promise.withResolvers<void>();
const meaningOf = createSignalReader();
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.on(signal, () => {
    const meaning = meaningOf(clock.monotonicMs());
    if (meaning === 'ignore') return;
    logger.info({ signal, meaning }, 'signal received');
    if (meaning === 'drain') requestStop();
    if (meaning === 'hurry') hurry.abort();
    if (meaning === 'abort') process.exit(EXIT_CODES.aborted);
  });
}
// A terminal that closes, or a tool that probes, is no reason to stop a service; Node's default would be to die.
process.on('SIGHUP', () => {});

let service: Service;
try {
  service = await startService({
    ...loaded.value,
    clock,
    log,
    build: { name, version, commit: config.build.commit, runtime: `node ${process.version}` },
    pid: process.pid,
  });
} catch (error) {
  logger.fatal({ err: error, ...hintFor(error) }, 'service could not be started');
  await exit(EXIT_CODES.failed);
  throw error;
}
await stopRequested;
const { cut } = await service.stop(hurry.signal);
if (cut.length === 0) logger.info('service stopped, nothing was cut');
else logger.error({ cut }, 'service stopped, open requests were cut');
await exit(cut.length === 0 ? EXIT_CODES.clean : EXIT_CODES.failed);

function hintFor(error: unknown): { hint?: string } {
  if (error instanceof Failure && error.hint !== undefined) return { hint: error.hint };
  const code = (error as NodeJS.ErrnoException | null)?.code;
  if (code === 'EADDRINUSE') return { hint: 'Another process listens there already. Stop it, or set SKYOPS_PORT.' };
  if (code === 'EACCES') return { hint: 'Ports below 1024 need a privilege. Set SKYOPS_PORT to a higher one.' };
  if (code === 'EADDRNOTAVAIL') return { hint: 'No network interface has this address. Set SKYOPS_HOST.' };
  return {};
}
