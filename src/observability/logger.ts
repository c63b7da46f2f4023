/** The log: one JSON object a line on stdout, written without ever waiting for its reader. */
import { type DestinationStream, type Logger, pino, stdTimeFunctions } from 'pino';
import sonicBoom from 'sonic-boom';
import { type Clock, wait } from '#foundation/clock.ts';
import { choiceSetting, integerSetting, type SettingValues } from '#foundation/setting.ts';

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

export const loggerSettings = {
  level: choiceSetting({
    variable: 'SKYOPS_LOG_LEVEL',
    meaning: 'The least severe level that is logged. Probes and scrapes are at debug.',
    choices: LOG_LEVELS,
    fallback: 'info',
  }),
  bufferBytes: integerSetting({
    variable: 'SKYOPS_LOG_BUFFER_BYTES',
    meaning:
      'How much log may wait in memory when nobody reads stdout fast enough. Lines beyond it are dropped and counted (skyops_log_lines_dropped_total).',
    minimum: 65_536,
    maximum: 1_073_741_824,
    fallback: 4_194_304,
  }),
};

export type LoggerSettings = SettingValues<typeof loggerSettings>;

/** Text for the stores that know no level names of their own, Google Cloud Logging's spelling. */
const SEVERITIES: Readonly<Record<string, string>> = {
  trace: 'DEBUG',
  debug: 'DEBUG',
  info: 'INFO',
  warn: 'WARNING',
  error: 'ERROR',
  fatal: 'CRITICAL',
};

/** Each line is handed over at once; those that come while the kernel takes the one before go together. No timer, so an idle process sleeps. */
const CHUNK_BYTES = 1;

export type Log = {
  readonly logger: Logger;
  readonly droppedLines: () => number;
  /** Hands every line so far to stdout, or gives up after the time; nothing can be logged after it. */
  readonly close: (clock: Clock, timeoutMs: number) => Promise<void>;
};

/**
 * @param fd the file descriptor to write to, 1 for stdout.
 * @param base fields of every line, such as the name and the version of the service.
 */
export function createLog(settings: LoggerSettings, base: Readonly<Record<string, string>>, fd: number): Log {
  let droppedLines = 0;
  // Not pino.destination(): it writes synchronously, so that a full pipe without a reader stops the whole service,
  // and it flushes synchronously at exit, which waits for such a reader for ever (both measured).
  const destination = new sonicBoom.SonicBoom({
    fd,
    sync: false,
    minLength: CHUNK_BYTES,
    maxLength: settings.bufferBytes,
  });
  destination.on('drop', () => {
    droppedLines += 1;
  });
  // The reader is gone (EPIPE) or the disk is full: the service goes on, the buffer fills up, and drops are counted.
  destination.on('error', () => {});
  return {
    logger: createLogger(settings.level, base, destination),
    droppedLines: () => droppedLines,
    close: async (clock, timeoutMs) => {
      const written = new AbortController();
      destination.flush(() => written.abort());
      await wait(clock, timeoutMs, written.signal);
      destination.destroy();
    },
  };
}

/** The form of a line, apart from where it goes. */
export function createLogger(
  level: LoggerSettings['level'],
  base: Readonly<Record<string, string>>,
  destination: DestinationStream,
): Logger {
  return pino(
    {
      level,
      base,
      timestamp: stdTimeFunctions.isoTime,
      messageKey: 'msg',
      formatters: {
        // Loki and Datadog read pino's numbers as unknown and as info, so that errors would be invisible there.
        level: (label) => ({ level: label, severity: SEVERITIES[label] }),
      },
    },
    destination,
  );
}
