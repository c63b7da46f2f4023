/** The log: one JSON object a line on stdout, written without ever waiting for its reader. */
import { type DestinationStream, type Logger, pino, stdTimeFunctions } from 'pino';
import { type Clock, wait } from '#foundation/clock.ts';
import { choiceSetting, integerSetting, type SettingValues } from '#foundation/setting.ts';

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

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

/** A line is written after this time at the latest; under load a full chunk is written sooner. */
const FLUSH_PERIOD_MS = 100;
const CHUNK_BYTES = 4096;

export type Log = {
  readonly logger: Logger;
  readonly droppedLines: () => number;
  /** Hands every line so far to stdout; resolves to `false` if its reader did not take them in time. */
  readonly flush: (clock: Clock, timeoutMs: number) => Promise<boolean>;
};

/**
 * @param fd the file descriptor to write to, 1 for stdout.
 * @param base fields of every line, such as the name and the version of the service.
 */
export function createLog(settings: LoggerSettings, base: Readonly<Record<string, string>>, fd: number): Log {
  let droppedLines = 0;
  // pino's default destination writes synchronously: with a full pipe and no reader the whole service stops.
  const destination = pino.destination({
    dest: fd,
    sync: false,
    minLength: CHUNK_BYTES,
    maxLength: settings.bufferBytes,
    periodicFlush: FLUSH_PERIOD_MS,
  });
  destination.on('drop', () => {
    droppedLines += 1;
  });
  // EPIPE when the reader is gone: the service goes on without a log, and the lines count as dropped.
  destination.on('error', () => {
    droppedLines += 1;
  });
  return {
    logger: createLogger(settings.level, base, destination),
    droppedLines: () => droppedLines,
    flush: async (clock, timeoutMs) => {
      const given = new AbortController();
      destination.flush(() => given.abort());
      return !(await wait(clock, timeoutMs, given.signal));
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
