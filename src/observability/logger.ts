/** The log: one JSON object a line on stdout, written without ever waiting for its reader. */
import { type DestinationStream, type Logger, pino, stdTimeFunctions } from 'pino';
import { type Cancel, type Clock, wait } from '#foundation/clock.ts';
import { choiceSetting, integerSetting, type SettingValues } from '#foundation/setting.ts';
import type { LogOutput, OnDropped } from './log-output.ts';

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

/**
 * The lines of requests are handed over together, so many bytes or so long after the first of them, whichever comes first: one
 * by one they cost more than the requests (14 µs beside 9, measured). All other lines are handed over at once, behind what waits.
 * With the line that goes beyond it, a chunk fits into the 16,384 bytes that Node writes without allocating memory for them
 * (StreamBase::WriteString, src/stream_base.cc).
 */
const CHUNK_LENGTH = 15_800;
const CHUNK_MS = 50;

export type Log = {
  readonly logger: Logger;
  /** Fields of every line. */
  readonly base: Readonly<Record<string, string>>;
  /** Takes a whole line with its end, all of it ASCII, written within 50 ms. */
  readonly writeSoon: (line: string) => void;
  readonly droppedLines: () => number;
  /** Hands every line so far to stdout, or gives up after the time; nothing can be logged after it. */
  readonly close: (timeoutMs: number) => Promise<void>;
};

/**
 * @param base fields of every line, such as the name and the version of the service.
 * @param open gives where the lines go.
 */
export function createLog(
  level: LoggerSettings['level'],
  base: Readonly<Record<string, string>>,
  open: (onDropped: OnDropped) => LogOutput,
  clock: Clock,
): Log {
  let droppedLines = 0;
  const output = open((lines) => {
    droppedLines += lines;
  });
  let chunk = '';
  let cancelHandover: Cancel | undefined;
  const handOver = () => {
    cancelHandover?.();
    cancelHandover = undefined;
    if (chunk !== '') output.write(chunk, 'ascii');
    chunk = '';
  };
  const atOnce = {
    write: (line: string) => {
      handOver();
      // By itself: what does not fit any more is dropped whole, and this is the line that matters.
      output.write(line, 'utf8');
    },
  };
  return {
    logger: createLogger(level, base, atOnce),
    base,
    writeSoon: (line) => {
      chunk += line;
      if (chunk.length > CHUNK_LENGTH) handOver();
      else cancelHandover ??= clock.after(CHUNK_MS, handOver);
    },
    droppedLines: () => droppedLines,
    close: async (timeoutMs) => {
      handOver();
      const written = new AbortController();
      output.flush(() => written.abort());
      await wait(clock, timeoutMs, written.signal);
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
      serializers: { err: shownError },
      formatters: {
        // Loki and Datadog read pino's numbers as unknown and as info, so that errors would be invisible there.
        level: (label) => ({ level: label, severity: SEVERITIES[label] }),
      },
    },
    destination,
  );
}

/** What the log says of an error, and nothing else that may hang on it, such as a request with its headers. */
function shownError(error: unknown): object {
  // An object need not let itself be made into text, and what throws here would hide what was thrown first.
  if (!(error instanceof Error))
    return { type: typeof error, message: Object(error) === error ? 'not an Error' : String(error) };
  const { name: type, message, stack } = error;
  const { code } = error as NodeJS.ErrnoException;
  return { type, message, stack, ...(code === undefined ? {} : { code }) };
}
