/** The composition root: starts the rooms in order, hands each what it needs, and stops them in reverse. */
import { randomBytes } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { hostname } from 'node:os';
import type { Loaded } from '#config/load.ts';
import { type Clock, wait } from '#foundation/clock.ts';
import type { Random } from '#foundation/random.ts';
import { probeInBackground } from '#health/background.ts';
import { createProbes } from '#health/catalog.ts';
import type { Build } from '#http/build.ts';
import type { App } from '#http/routes/route.ts';
import { createServer } from '#http/server.ts';
import type { HttpSettings } from '#http/settings.ts';
import { described, OpenRequests } from '#http/wire/open-requests.ts';
import { DISPOSE_TIMEOUT_MS, type DrainResult, drain } from '#lifecycle/drain.ts';
import { createPhase } from '#lifecycle/phase.ts';
import { createEventFeed } from '#observability/event-feed.ts';
import { createEventLog } from '#observability/event-log.ts';
import type { Log } from '#observability/logger.ts';
import { createMetrics } from '#observability/metrics/metrics.ts';
import { CLIENT_CLOSED_REQUEST } from '#observability/request-record.ts';
import { DEFAULT_SERVICE_NAME } from '#observability/tracing/settings.ts';
import { openTracing } from '#observability/tracing/tracing.ts';
import { warmThreads } from '#simulation/capacity/cpu.ts';
import { EffectBoard } from '#simulation/effects/board.ts';
import { createEngine, type SimulationEvent } from '#simulation/engine.ts';
import { createPool } from '#simulation/worker/pool.ts';
import { hasWritableRoot, unusual } from '#usage/confinement.ts';
import { createCgroupReader } from '#usage/readers/cgroup.ts';
import { createEventLoopReader } from '#usage/readers/event-loop.ts';
import { createProcessReader } from '#usage/readers/process.ts';
import { createSystemReader } from '#usage/readers/system.ts';
import { startSampler } from '#usage/sampler.ts';
import { createSupply } from './machine.ts';

export type ServiceParts = Loaded & {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly build: Build;
  readonly pid: number;
  readonly isRoot: boolean;
  /** Called when everything is built and the service is not ready yet: the time for what may take a moment. */
  readonly beforeReady: () => void;
};

export type Service = {
  /** Where it listens, as a URL that works on this machine. */
  readonly url: string;
  /** Drains and stops; what is left of the drain is cut short once `hurry` aborts. Call it once. */
  readonly stop: (hurry: AbortSignal) => Promise<Stopped>;
};

/** What the end was like, for the last line of the log. */
type Stopped = DrainResult & {
  /** Requests that were answered after the drain had begun. */
  readonly finishedRequests: number;
  readonly cancelledSimulations: number;
};

/** Connections that fall idle during the close would otherwise be kept for the whole keep-alive time. */
const CLOSE_IDLE_PERIOD_MS = 50;

/** Within `DISPOSE_TIMEOUT_MS`, with time for what is stopped after it. */
const TRACE_FLUSH_TIMEOUT_MS = 1000;

/** Every 10 ms; a request that never ends must not hold the end back. */
const LOOKS_FOR_CUT_REQUESTS = 20;

/** Resolves when everything is started and the phase is ready. If a part cannot start, those before it are stopped. */
export async function startService(parts: ServiceParts): Promise<Service> {
  const { clock, config, build } = parts;
  const { logger } = parts.log;
  await using stops = new AsyncDisposableStack();
  const startedMs = clock.monotonicMs();
  const phase = createPhase((from, to) => logger.info({ from, to }, 'phase changed'));
  for (const warning of parts.warnings) logger.warn(warning);

  const systemReader = createSystemReader();
  const containerReader = createCgroupReader();
  const confinement = {
    isContainer: parts.pid === 1,
    isRoot: parts.isRoot,
    hasWritableRoot: hasWritableRoot(),
    memoryLimitBytes: containerReader.read().memoryLimitBytes,
  };
  for (const remark of unusual(confinement)) logger.warn(remark);
  const eventLoopReader = stops.adopt(createEventLoopReader(), (reader) => reader.close());
  const sampler = stops.adopt(
    startSampler(clock, {
      process: createProcessReader(),
      eventLoop: eventLoopReader,
      system: systemReader,
      container: containerReader,
    }),
    (started) => started.stop(),
  );
  const instanceId = config.identity.podName ?? hostname();
  const tracing = stops.adopt(
    await openTracing({
      clock,
      settings: config.tracing,
      resource: {
        'service.version': build.version,
        'service.instance.id': instanceId,
        'k8s.pod.name': config.identity.podName,
        'k8s.namespace.name': config.identity.podNamespace,
        'k8s.node.name': config.identity.nodeName,
        'process.runtime.name': 'nodejs',
        'vcs.ref.head.revision': build.commit,
      },
      onExport: (isWorking, cause) => {
        if (isWorking) logger.info('traces are exported');
        else logger.warn({ err: cause }, 'traces cannot be exported, spans are dropped');
      },
    }),
    // Spans that cannot be sent any more are no failed end.
    async (opened) => {
      await inTime(clock, TRACE_FLUSH_TIMEOUT_MS, opened.close()).catch(() => {});
    },
  );
  const metrics = createMetrics({
    clock,
    settings: config.metrics,
    identity: {
      service_name:
        config.tracing.serviceName || config.tracing.resourceAttributes['service.name'] || DEFAULT_SERVICE_NAME,
      service_version: build.version,
      service_instance_id: instanceId,
    },
    build: { version: build.version, revision: build.commit ?? '', runtime: build.runtime },
    usage: sampler.latest,
    running: () => running(),
    droppedLogLines: parts.log.droppedLines,
    spans: tracing.counts,
  });
  const eventLog = createEventLog(parts.log, clock);

  const supply = createSupply(systemReader, containerReader);
  const pool = stops.adopt(
    createPool({
      clock,
      warmThreads: warmThreads(supply.cpu(), config.simulation),
      onBroken: (cause) => logger.error({ err: cause }, 'worker thread broke'),
    }),
    (opened) => opened.close(),
  );
  const workerThreadProbe = stops.adopt(
    probeInBackground({ name: 'worker-thread', run: pool.answers }, clock),
    (probe) => probe.stop(),
  );
  const engine = createEngine({
    clock,
    pool,
    caps: config.simulation,
    supply,
    readThrottledSeconds: containerReader.cpuThrottledSeconds,
    newId: () => `sim-${randomBytes(8).toString('hex')}`,
    replica: instanceId,
    observe: (event: SimulationEvent) => {
      metrics.simulation(event);
      tracing.simulation(event);
      feed.simulation(event);
      eventLog.simulation(event);
    },
  });

  const running = () => engine.list().filter(({ state }) => state === 'running');
  const feed = createEventFeed({
    clock,
    usage: sampler.latest,
    running,
  });
  const effects = new EffectBoard();
  const openRequests = new OpenRequests();
  let finishedRequests = 0;
  const app = await createServer({
    settings: config.http,
    replica: instanceId,
    onFailure: eventLog.requestFailed,
    onDroppedConnection: metrics.connectionDropped,
    clock,
    random: parts.random,
    phase,
    build,
    startedEpochMs: clock.epochMs(),
    startedMs,
    identity: config.identity,
    environment: parts.given,
    pid: parts.pid,
    probes: createProbes({ phase, pool, background: [workerThreadProbe] }),
    metrics,
    tracing,
    feed,
    sampler,
    engine,
    openRequests,
    effects,
    onUnknownNode: () =>
      logger.warn(
        { runtime: build.runtime },
        'this version of Node makes response headers in another way; they are made Node’s own way, which is slower',
      ),
    observer: {
      declared: metrics.declared,
      started: metrics.started,
      finished: (record) => {
        if (phase.current() === 'draining' && record.status !== CLIENT_CLOSED_REQUEST) finishedRequests += 1;
        metrics.finished(record);
        tracing.request(record);
        eventLog.request(record);
      },
    },
  });
  // First of all: /health says from here on that it lives, and /ready when it is of use.
  await listen(app, config.http);
  stops.defer(async () => {
    const closed = app.close();
    app.server.closeAllConnections();
    await closed;
  });
  await pool.open();
  parts.beforeReady();
  phase.move('ready');
  const url = urlOf(app);
  logger.info({ url, docs: `${url}/docs`, start_ms: Math.round(clock.monotonicMs() - startedMs) }, 'service started');

  const started = stops.move();
  return {
    url,
    stop: async (hurry) => {
      phase.move('draining');
      const cancelledSimulations = running().length;
      // Not awaited: requests are served from the first moment of the drain on.
      const cancelling = engine.drain();
      // Streams would last for ever; their clients come back to another replica.
      void cancelling.then(feed.close);
      const result = await drain({
        clock,
        settings: config.drain,
        hurry,
        close: async () => {
          const closeIdle = clock.every(CLOSE_IDLE_PERIOD_MS, () => app.server.closeIdleConnections());
          await app.close();
          closeIdle();
        },
        cut: () => {
          // The oldest first.
          const cut = [...openRequests].map(described).reverse();
          app.server.closeAllConnections();
          return cut.length > 0 ? cut : ['connections without a whole request'];
        },
      });
      const disposing = (async () => {
        await cancelling;
        // What was cut is seen to end a moment later, and belongs into the log before its last line.
        for (let look = 0; openRequests.size > 0 && look < LOOKS_FOR_CUT_REQUESTS; look += 1) await wait(clock, 10);
        await started.disposeAsync();
      })();
      const isOver = await inTime(clock, DISPOSE_TIMEOUT_MS, disposing);
      if (!isOver) logger.warn('not everything stopped in time; traces may be lost');
      phase.move('stopped');
      return { ...result, finishedRequests, cancelledSimulations };
    },
  };
}

/** Waits for something that may hang, and goes on without it when the time is up; says whether it was over by then. Rejects if it failed. */
async function inTime(clock: Clock, timeoutMs: number, work: Promise<unknown>): Promise<boolean> {
  const over = new AbortController();
  const abort = () => over.abort();
  work.then(abort, abort);
  const ranOut = await wait(clock, timeoutMs, over.signal);
  if (!ranOut) await work;
  return !ranOut;
}

/** Codes of a machine that has no IPv6 at all: it is switched off in the kernel, or no interface has an address. */
const WITHOUT_IPV6: ReadonlySet<unknown> = new Set(['EAFNOSUPPORT', 'EADDRNOTAVAIL', 'EINVAL']);

/** On every address of both families, unless the settings name one. */
async function listen(app: App, { host, port }: Pick<HttpSettings, 'host' | 'port'>): Promise<void> {
  try {
    await app.listen({ host: host ?? '::', port });
  } catch (error) {
    if (host !== null || !WITHOUT_IPV6.has((error as NodeJS.ErrnoException).code)) throw error;
    await app.listen({ host: '0.0.0.0', port });
  }
}

function urlOf(app: App): string {
  // A server that listens on an address and a port has an AddressInfo, not a path or nothing.
  const { address, family, port } = app.server.address() as AddressInfo;
  const isEverywhere = address === '0.0.0.0' || address === '::';
  const host = isEverywhere ? 'localhost' : family === 'IPv6' ? `[${address}]` : address;
  return `http://${host}:${port}`;
}
