/** The whole service inside the test's process, on a free port, with its log in memory; it is stopped after the test. */
import type { TestContext } from 'node:test';
import { loadConfig } from '#config/load.ts';
import { systemClock } from '#foundation/clock.ts';
import { type Random, systemRandom } from '#foundation/random.ts';
import { createLogger } from '#observability/logger.ts';
import { startService } from '../../src/service.ts';

export type LogLine = Readonly<Record<string, unknown>> & { readonly msg: string; readonly level: string };

export type InProcess = {
  readonly url: string;
  readonly log: readonly LogLine[];
  /** A request; a body that is not a string is sent as JSON. */
  readonly ask: (path: string, options?: Ask) => Promise<Answer>;
};

export type Ask = {
  readonly method?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
};

export type Answer = { readonly status: number; readonly headers: Headers; readonly text: string; readonly json: any };

export async function startInProcess(
  test: TestContext,
  environment: Readonly<Record<string, string>> = {},
  random: Random = systemRandom,
): Promise<InProcess> {
  const loaded = loadConfig({
    SKYOPS_HOST: '127.0.0.1',
    SKYOPS_PORT: '0',
    SKYOPS_LOG_LEVEL: 'debug',
    SKYOPS_DRAIN_DELAY_SECONDS: '0',
    SKYOPS_DRAIN_TIMEOUT_SECONDS: '2',
    ...environment,
  });
  if (!loaded.ok) throw new Error(loaded.refusal.join('\n'));
  const log: LogLine[] = [];
  const destination = { write: (line: string) => void log.push(JSON.parse(line)) };
  const service = await startService({
    ...loaded.value,
    clock: systemClock,
    random,
    log: {
      logger: createLogger(loaded.value.config.logger.level, { service: 'skyops' }, destination),
      base: { service: 'skyops' },
      writeSoon: destination.write,
      droppedLines: () => 0,
      close: async () => {},
    },
    build: { name: 'skyops', version: '1.2.3', commit: 'abcdef1', runtime: `node ${process.version}` },
    pid: process.pid,
    isRoot: false,
    beforeReady: () => {},
  });
  test.after(() => service.stop(new AbortController().signal));
  return { url: service.url, log, ask: (path, options) => ask(service.url + path, options) };
}

async function ask(url: string, { method, body, headers, signal }: Ask = {}): Promise<Answer> {
  const isText = typeof body === 'string' || body instanceof Uint8Array;
  const response = await fetch(url, {
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    headers: {
      // A connection that is kept would hold the service's stop back until it falls idle.
      connection: 'close',
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: isText ? body : JSON.stringify(body) }),
    ...(signal === undefined ? {} : { signal }),
  });
  const text = await response.text();
  const isJson = /json/.test(response.headers.get('content-type') ?? '');
  return {
    status: response.status,
    headers: response.headers,
    text,
    json: isJson && text !== '' ? JSON.parse(text) : undefined,
  };
}
