/** The service as a process: its environment, its signals, its log on stdout, its end. */
import { loadConfig } from '#config/load.ts';
import { systemClock } from '#foundation/clock.ts';
import { Failure } from '#foundation/failure.ts';
import { systemRandom } from '#foundation/random.ts';
import { ABORT_FLUSH_MS, LOG_FLUSH_TIMEOUT_MS } from '#lifecycle/drain.ts';
import { EXIT_CODES } from '#lifecycle/exit-codes.ts';
import { createSignalReader } from '#lifecycle/signals.ts';
import { startWatchdog } from '#lifecycle/watchdog.ts';
import { type OnDropped, openLogOutput, type Stdout } from '#observability/log-output.ts';
import { createLog } from '#observability/logger.ts';
import { collectNow } from './heap.ts';
import { type Service, startService } from './service.ts';

export type Package = { readonly name: string; readonly version: string };

const STDOUT: Stdout = { fd: 1, stream: () => process.stdout };

/** Runs the service until it has stopped. Gives the exit code, or ends the process itself where nothing else would. */
export async function serve({ name, version }: Package): Promise<number> {
  const loaded = loadConfig(process.env);
  if (!loaded.ok) {
    const errors = loaded.refusal.map((error) => `  ${error}\n`).join('');
    process.stderr.write(
      `skyops: the configuration is wrong, nothing was started.\n${errors}Every setting: docs/reference/configuration.md\n`,
    );
    return EXIT_CODES.misconfigured;
  }
  const clock = systemClock;
  const { config } = loaded.value;
  const base = { service: name, version };
  const openStdout = (onDropped: OnDropped) => openLogOutput(STDOUT, config.logger.bufferBytes, onDropped);
  const log = createLog(config.logger.level, base, openStdout, clock);
  const { logger } = log;
  let isExiting = false;

  /** The last act. The log gets its time, and not more: its reader may never read again. */
  async function exit(code: number, flushMs = LOG_FLUSH_TIMEOUT_MS): Promise<never> {
    isExiting = true;
    await log.close(flushMs);
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
      if (meaning === 'abort') void exit(EXIT_CODES.aborted, ABORT_FLUSH_MS);
    });
  }
  // A terminal that closes, or a tool that probes, is no reason to stop a service; Node's default would be to die, and on SIGUSR1 to
  // open the port of a debugger. (SIGPIPE it ignores by itself.)
  for (const signal of ['SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const) process.on(signal, () => {});

  startWatchdog(clock, config.watchdog, { base, logFd: STDOUT.fd }, (cause) => {
    logger.error({ err: cause }, 'the watchdog broke, nobody watches the event loop');
  });

  const build = { name, version, commit: config.build.commit, runtime: `node ${process.version}` };
  let service: Service;
  try {
    service = await startService({
      ...loaded.value,
      clock,
      random: systemRandom,
      log,
      build,
      pid: process.pid,
      isRoot: process.getuid?.() === 0,
      beforeReady: collectNow,
    });
  } catch (error) {
    logger.fatal({ err: error, ...hintFor(error) }, 'service could not be started');
    return exit(EXIT_CODES.failed);
  }
  await stopRequested;
  const { cut, finishedRequests, cancelledSimulations } = await service.stop(hurry.signal);
  const told = { finished_requests: finishedRequests, cancelled_simulations: cancelledSimulations };
  if (cut.length === 0) logger.info(told, 'service stopped, nothing was cut');
  else logger.error({ ...told, cut }, 'service stopped, open requests were cut');
  return exit(cut.length === 0 ? EXIT_CODES.clean : EXIT_CODES.failed);
}

function hintFor(error: unknown): { hint?: string } {
  if (error instanceof Failure && error.hint !== undefined) return { hint: error.hint };
  const code = (error as NodeJS.ErrnoException | null)?.code;
  if (code === 'EADDRINUSE') return { hint: 'Another process listens there already. Stop it, or set SKYOPS_PORT.' };
  if (code === 'EACCES') return { hint: 'Ports below 1024 need a privilege. Set SKYOPS_PORT to a higher one.' };
  if (code === 'EADDRNOTAVAIL') return { hint: 'No network interface has this address. Set SKYOPS_HOST.' };
  if (code === 'EAFNOSUPPORT')
    return { hint: 'This machine does not have this family of addresses. Leave SKYOPS_HOST out.' };
  if (code === 'EINVAL')
    return { hint: 'This address belongs to one interface alone. Set SKYOPS_HOST to another one, or leave it out.' };
  return {};
}
