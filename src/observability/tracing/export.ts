/** Hands finished spans to the thread that sends them away, and counts what becomes of them. */
import { Worker } from 'node:worker_threads';
import type { Cancel, Clock } from '#foundation/clock.ts';
import type { ExportTarget, TracingSettings } from './settings.ts';
import type { Span } from './span.ts';

/** What became of the spans so far. */
export type SpanCounts = { readonly exported: number; readonly failed: number; readonly dropped: number };

export type ExporterParts = {
  readonly clock: Clock;
  readonly settings: TracingSettings;
  /** What is known of this replica: attributes of the resource. */
  readonly resource: Readonly<Record<string, string | null>>;
  /** Told when exports begin to fail, and again when they work. */
  readonly onExport: (isWorking: boolean, cause?: unknown) => void;
};

/** What the thread is told at its start. */
export type ExportOrders = {
  readonly target: ExportTarget;
  readonly settings: TracingSettings;
  readonly resource: ExporterParts['resource'];
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
export class SpanExporter {
  readonly #target: ExportTarget;
  readonly #parts: ExporterParts;
  readonly #counts = { exported: 0, failed: 0, dropped: 0 };
  /** Those who wait for a `done`, in the order in which they asked. */
  readonly #asked: (() => void)[] = [];
  #waiting = 0;
  #isWorking: boolean | undefined;
  #batch: Span[] = [];
  #cancelHandover: Cancel | undefined;
  #cancelReopening: Cancel | undefined;
  #isClosed = false;
  #thread: Worker | undefined;

  constructor(target: ExportTarget, parts: ExporterParts) {
    this.#target = target;
    this.#parts = parts;
    this.#thread = this.#open();
  }

  /** Never makes anybody wait. */
  take(span: Span): void {
    // Those under way count too: a collector that hangs would otherwise hold a batch after the other in memory.
    if (this.#waiting >= this.#parts.settings.queueSize || this.#thread === undefined) {
      this.#counts.dropped += 1;
      return;
    }
    this.#waiting += 1;
    this.#batch.push(span);
    if (this.#batch.length >= BATCH_SPANS) this.#handOver();
    else this.#cancelHandover ??= this.#parts.clock.after(BATCH_MS, () => this.#handOver());
  }

  counts(): SpanCounts {
    return { ...this.#counts };
  }

  /** Sends what waits; rejects or hangs as the collector does. */
  flush(): Promise<void> {
    return this.#ask('flush');
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelReopening?.();
    await this.#ask('close');
    const ended = this.#thread;
    // It is over by order: its exit is no news.
    this.#thread = undefined;
    await ended?.terminate();
  }

  #open(): Worker | undefined {
    const { settings, resource } = this.#parts;
    const orders: ExportOrders = { target: this.#target, settings, resource };
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
      this.#break(cause as Error);
      return undefined;
    }
    worker.on('message', (news: ExportNews) => {
      if (news.type === 'done') this.#asked.shift()?.();
      else this.#settle(news.count, news.cause);
    });
    worker.on('error', (cause) => this.#break(cause as Error));
    worker.on('exit', (code) => {
      if (this.#thread === worker) this.#break(new Error(`it ended with ${code}`));
    });
    worker.unref();
    return worker;
  }

  #settle(count: number, cause: ExportFailure | undefined): void {
    this.#waiting -= count;
    const works = cause === undefined;
    this.#counts[works ? 'exported' : 'failed'] += count;
    // Once for each change: a dead collector would otherwise fill the log as well.
    if (works !== (this.#isWorking ?? true)) {
      this.#parts.onExport(works, cause && Object.assign(new Error(cause.message), cause));
    }
    this.#isWorking = works;
  }

  #break(cause: Error): void {
    this.#thread = undefined;
    this.#batch = [];
    this.#settle(this.#waiting, { message: `the thread that exports broke: ${cause.message}`, code: undefined });
    for (const answer of this.#asked.splice(0)) answer();
    if (this.#isClosed) return;
    this.#cancelReopening = this.#parts.clock.after(REOPEN_MS, () => {
      this.#thread = this.#open();
    });
  }

  #handOver(): void {
    this.#cancelHandover?.();
    this.#cancelHandover = undefined;
    if (this.#batch.length > 0) this.#tell({ type: 'spans', spans: this.#batch });
    this.#batch = [];
  }

  #tell(request: ExportRequest): void {
    this.#thread?.postMessage(request);
  }

  async #ask(type: 'flush' | 'close'): Promise<void> {
    this.#handOver();
    if (this.#thread === undefined) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#asked.push(resolve);
    this.#tell({ type });
    await promise;
  }
}
