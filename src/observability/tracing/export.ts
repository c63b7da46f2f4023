/** Hands finished spans to the thread that sends them away, and counts what becomes of them. */
import { Worker } from 'node:worker_threads';
import type { Cancel } from '#foundation/clock.ts';
import type { ExportTarget, TracingSettings } from './settings.ts';
import type { Span } from './span.ts';
import type { SpanExport, TracingParts } from './tracing.ts';

/** What the thread is told at its start. */
export type ExportOrders = {
  readonly target: ExportTarget;
  readonly settings: TracingSettings;
  readonly resource: TracingParts['resource'];
};

/** What it is told later. The last two are answered by a `done`. */
export type ExportRequest =
  | { readonly type: 'spans'; readonly spans: readonly Span[] }
  | { readonly type: 'flush' }
  | { readonly type: 'close' };

/** What it tells. */
export type ExportNews =
  /** So many spans have been sent, or, with a cause, are lost. */
  { readonly type: 'settled'; readonly count: number; readonly cause?: ExportFailure } | { readonly type: 'done' };

/** An error as a message can hold it. */
export type ExportFailure = { readonly message: string; readonly code: string | undefined };

/** Spans are handed over together: each message costs both threads as much as a span. Nobody waits for them. */
const BATCH_SPANS = 64;
const BATCH_MS = 100;

/** A thread that broke, most likely out of memory, would break again at once. */
const REOPEN_MS = 30_000;

/** Files that the exporter reads itself, by the names of their variables. */
function certificatesOf({ certificate, clientCertificate, clientKey }: TracingSettings): Record<string, string> {
  const files = {
    OTEL_EXPORTER_OTLP_CERTIFICATE: certificate,
    OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE: clientCertificate,
    OTEL_EXPORTER_OTLP_CLIENT_KEY: clientKey,
  };
  return Object.fromEntries(Object.entries(files).filter((pair): pair is [string, string] => pair[1] !== null));
}

/**
 * The exporter is a client of HTTP. In the thread of the server it makes every request dearer, not only those that are exported: what
 * Node shares between its client and its server is compiled again for both, and a batch holds the loop for milliseconds while it is encoded
 * (docs/decisions/0011-the-request-path.md).
 */
export function openExport(target: ExportTarget, { clock, settings, resource, onExport }: TracingParts): SpanExport {
  let [exported, failed, dropped, waiting] = [0, 0, 0, 0];
  let isWorking: boolean | undefined;
  let batch: Span[] = [];
  let cancelHandover: Cancel | undefined;
  let cancelReopening: Cancel | undefined;
  let isClosed = false;
  /** Those who wait for a `done`, in the order in which they asked. */
  const asked: (() => void)[] = [];
  let thread: Worker | undefined;
  // Not where it is declared: a thread that cannot be had is told of by what sets it to none.
  thread = open();

  function open(): Worker | undefined {
    const orders: ExportOrders = { target, settings, resource };
    let worker: Worker;
    try {
      worker = new Worker(new URL('./export-thread.ts', import.meta.url), {
        name: 'trace-exporter',
        workerData: orders,
        // The exporter reads variables by itself, by other rules; these are all that it shall know.
        env: certificatesOf(settings),
      });
    } catch (cause) {
      // No thread to be had: the limit of processes, or no memory.
      broken(cause as Error);
      return undefined;
    }
    worker.on('message', (news: ExportNews) => {
      if (news.type === 'done') asked.shift()?.();
      else settle(news.count, news.cause);
    });
    worker.on('error', broken);
    worker.on('exit', (code) => {
      if (thread === worker) broken(new Error(`it ended with ${code}`));
    });
    worker.unref();
    return worker;
  }

  function settle(count: number, cause: ExportFailure | undefined): void {
    waiting -= count;
    const works = cause === undefined;
    if (works) exported += count;
    else failed += count;
    // Once for each change: a dead collector would otherwise fill the log as well.
    if (works !== (isWorking ?? true)) onExport(works, cause && Object.assign(new Error(cause.message), cause));
    isWorking = works;
  }

  function broken(cause: Error): void {
    thread = undefined;
    batch = [];
    settle(waiting, { message: `the thread that exports broke: ${cause.message}`, code: undefined });
    for (const answer of asked.splice(0)) answer();
    if (isClosed) return;
    cancelReopening = clock.after(REOPEN_MS, () => {
      thread = open();
    });
  }

  function handOver(): void {
    cancelHandover?.();
    cancelHandover = undefined;
    if (batch.length > 0) tell({ type: 'spans', spans: batch });
    batch = [];
  }

  const tell = (request: ExportRequest) => thread?.postMessage(request);

  async function ask(type: 'flush' | 'close'): Promise<void> {
    handOver();
    if (thread === undefined) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    asked.push(resolve);
    tell({ type });
    await promise;
  }

  return {
    take: (span) => {
      // Those under way count too: a collector that hangs would otherwise hold a batch after the other in memory.
      if (waiting >= settings.queueSize || thread === undefined) {
        dropped += 1;
        return;
      }
      waiting += 1;
      batch.push(span);
      if (batch.length >= BATCH_SPANS) handOver();
      else cancelHandover ??= clock.after(BATCH_MS, handOver);
    },
    counts: () => ({ exported, failed, dropped }),
    flush: () => ask('flush'),
    close: async () => {
      isClosed = true;
      cancelReopening?.();
      await ask('close');
      const ended = thread;
      // It is over by order: its exit is no news.
      thread = undefined;
      await ended?.terminate();
    },
  };
}
