/** Writes the log line of a finished request, the one line that there is for every request, without going through pino. */
import { rfc3339 } from '#foundation/clock.ts';
import type { RequestRecord } from './request-record.ts';

type Level = 'info' | 'debug';

/**
 * The same line as pino would write, put together from parts that need no escaping: ids are checked where they come in, method and
 * path are closed sets, an address is an address. 0.5 µs a line by itself (measured over 400,000).
 * @param base fields of every line.
 */
export function createRequestLine(
  base: Readonly<Record<string, string>>,
  epochMs: () => number,
): (record: RequestRecord, level: Level) => string {
  const fields = JSON.stringify(base).slice(1, -1);
  const heads: Readonly<Record<Level, string>> = {
    info: '{"level":"info","severity":"INFO","time":"',
    debug: '{"level":"debug","severity":"DEBUG","time":"',
  };
  const behindTime = `",${fields === '' ? '' : `${fields},`}"request_id":"`;
  const timeOf = isoTimes();
  // Many requests of one millisecond are alike in all but their ids; `join` makes flat text, which is copied faster than text of parts.
  const headOf = remembered((level: Level, now: number) => [heads[level], timeOf(now), behindTime].join(''));
  const routeOf = remembered((method: string, path: string, status: number) =>
    ['","method":"', method, '","path":"', path, '","status":', status, ',"duration_ms":'].join(''),
  );
  const tailOf = remembered((client: string) => [',"client":"', client, '","msg":"request finished"}\n'].join(''));

  return (record, level) => {
    const { requestId, trace, method, path, status, durationMs, bytesSent, client } = record;
    return (
      `${headOf(level, epochMs())}${requestId}","trace_id":"${trace.traceId}","span_id":"${trace.spanId}` +
      `${routeOf(method, path, status)}${Math.round(durationMs * 1000) / 1000},"bytes":${bytesSent}${tailOf(client)}`
    );
  };
}

/** RFC 3339 with milliseconds: what stands before them stays the same for a second. */
function isoTimes(): (epochMs: number) => string {
  let second = Number.NaN;
  let prefix = '';
  return (epochMs) => {
    const now = Math.floor(epochMs / 1000);
    if (now !== second) {
      second = now;
      prefix = rfc3339(now * 1000).slice(0, -4);
    }
    return `${prefix}${String(epochMs - now * 1000).padStart(3, '0')}Z`;
  };
}

/** Makes the text again only where it would be another than the last time. */
function remembered<Words extends readonly (string | number)[]>(make: (...words: Words) => string) {
  let last: Words | undefined;
  let text = '';
  return (...words: Words): string => {
    if (last === undefined || words.some((word, index) => word !== last?.[index])) {
      last = words;
      text = make(...words);
    }
    return text;
  };
}
