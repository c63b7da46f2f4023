/** The composition root: starts the rooms in order, hands each what it needs, and stops them in reverse. */
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import type { Loaded } from '#config/load.ts';
import type { Clock } from '#foundation/clock.ts';
import { createEmitter, type Emitter } from '#foundation/emitter.ts';
import type { Random } from '#foundation/random.ts';
import { probeInBackground } from '#health/background.ts';
import { createProbes } from '#health/catalog.ts';
import type { Build } from '#http/build.ts';
import { listen, urlOf } from '#http/listen.ts';
import type { App } from '#http/routes/route.ts';
import { createServer } from '#http/server.ts';
import { createOpenRequests } from '#http/wire/open-requests.ts';
import { createPhase, type Phase } from '#lifecycle/phase.ts';
import { createEventFeed } from '#observability/event-feed.ts';
import { createEventLog } from '#observability/event-log.ts';
import type { Log } from '#observability/logger.ts';
import { createMetrics } from '#observability/metrics/metrics.ts';
import { CLIENT_CLOSED_REQUEST, type RequestObserver } from '#observability/request-record.ts';
import { DEFAULT_SERVICE_NAME } from '#observability/tracing/settings.ts';
import { openTracing, type Tracing } from '#observability/tracing/tracing.ts';
import { warmThreads } from '#simulation/capacity/cpu.ts';
import { EffectBoard } from '#simulation/effects/board.ts';
import { Engine } from '#simulation/engine.ts';
import type { SimulationEvent } from '#simulation/event.ts';
import { Pool } from '#simulation/worker/pool.ts';
import { hasWritableRoot, unusual } from '#usage/confinement.ts';
import { createCgroupReader } from '#usage/readers/cgroup.ts';
import { createEventLoopReader } from '#usage/readers/event-loop.ts';
import { createProcessReader } from '#usage/readers/process.ts';
import { createSystemReader } from '#usage/readers/system.ts';
import { startSampler } from '#usage/sampler.ts';
import { createSupply } from './machine.ts';
import { closeTracing, type Stopped, stopService } from './stop-service.ts';

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

/** Resolves when everything is started and the phase is ready. If a part cannot start, those before it are stopped. */
export async function startService(parts: ServiceParts): Promise<Service> {
  const { clock, config } = parts;
  const { logger } = parts.log;
  await using stops = new AsyncDisposableStack();
  const startedMs = clock.monotonicMs();
  const phase = createPhase((from, to) => logger.info({ from, to }, 'phase changed'));
  for (const warning of parts.warnings) logger.warn(warning);

  const events = createEmitter<SimulationEvent>();
  const readings = openReadings(parts, stops);
  const tracing = await startTracing(parts, stops);
  const simulations = openSimulations(parts, { readings, events }, stops);
  const observed = observe(parts, { readings, tracing, events, phase, engine: simulations.engine });
  const app = await buildServer(parts, { startedMs, phase, readings, tracing, simulations, observed }, stops);
  // First of all: /health says from here on that it lives, and /ready when it is of use.
  await listen(app, config.http);
  stops.defer(() => closeServer(app));
  await simulations.pool.open();
  parts.beforeReady();
  phase.move('ready');
  const url = urlOf(app);
  logger.info({ url, docs: `${url}/docs`, start_ms: Math.round(clock.monotonicMs() - startedMs) }, 'service started');

  const { engine } = simulations;
  const { feed, openRequests, finishedInDrain } = observed;
  const running = { clock, config, logger, phase, engine, feed, openRequests, finishedInDrain, app };
  const started = stops.move();
  return { url, stop: (hurry) => stopService({ ...running, started }, hurry) };
}

const instanceIdOf = ({ config }: ServiceParts) => config.identity.podName ?? hostname();

/** What the process, the machine and the container say of themselves. */
function openReadings({ clock, log, pid, isRoot }: ServiceParts, stops: AsyncDisposableStack) {
  const system = createSystemReader();
  const container = createCgroupReader();
  const { memoryLimitBytes } = container.read();
  const confinement = { isContainer: pid === 1, isRoot, hasWritableRoot: hasWritableRoot(), memoryLimitBytes };
  for (const remark of unusual(confinement)) log.logger.warn(remark);
  const eventLoop = stops.adopt(createEventLoopReader(), (reader) => reader.close());
  const readers = { process: createProcessReader(), eventLoop, system, container };
  const sampler = stops.adopt(startSampler(clock, readers), (started) => started.stop());
  return { system, container, sampler };
}
type Readings = ReturnType<typeof openReadings>;

async function startTracing(parts: ServiceParts, stops: AsyncDisposableStack): Promise<Tracing> {
  const { clock, config, build } = parts;
  const { logger } = parts.log;
  const tracing = await openTracing({
    clock,
    settings: config.tracing,
    resource: {
      'service.version': build.version,
      'service.instance.id': instanceIdOf(parts),
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
  });
  return stops.adopt(tracing, (opened) => closeTracing(clock, opened));
}

/** The engine with all that simulations work with. */
function openSimulations(
  parts: ServiceParts,
  { readings, events }: { readonly readings: Readings; readonly events: Emitter<SimulationEvent> },
  stops: AsyncDisposableStack,
) {
  const { clock, config, log } = parts;
  const { system, container, sampler } = readings;
  const supply = createSupply(system, container);
  const pool = new Pool({
    clock,
    warmThreads: warmThreads(supply.cpu(), config.simulation),
    onBroken: (cause) => log.logger.error({ err: cause }, 'worker thread broke'),
  });
  stops.adopt(pool, (opened) => opened.close());
  const effects = new EffectBoard();
  const engine = new Engine({
    context: { clock, pool, supply, effects },
    caps: config.simulation,
    throttledSeconds: {
      now: container.cpuThrottledSeconds,
      recently: () => sampler.latest().container.cpuThrottledSeconds,
    },
    newId: () => `sim-${randomBytes(8).toString('hex')}`,
    replica: instanceIdOf(parts),
    onEvent: events.emit,
  });
  return { engine, pool, effects };
}
type Simulations = ReturnType<typeof openSimulations>;

type ObservedParts = {
  readonly readings: Readings;
  readonly tracing: Tracing;
  readonly events: Emitter<SimulationEvent>;
  readonly phase: Phase;
  readonly engine: Engine;
};

/** The log, the metrics, the spans and the feed of what happens. */
function observe(parts: ServiceParts, { readings, tracing, events, phase, engine }: ObservedParts) {
  const { clock, config, build, log } = parts;
  const sources = { clock, usage: readings.sampler.latest, running: () => engine.running() };
  const { serviceName, resourceAttributes } = config.tracing;
  const metrics = createMetrics({
    ...sources,
    settings: config.metrics,
    identity: {
      service_name: serviceName || resourceAttributes['service.name'] || DEFAULT_SERVICE_NAME,
      service_version: build.version,
      service_instance_id: instanceIdOf(parts),
    },
    build: { version: build.version, revision: build.commit ?? '', runtime: build.runtime },
    droppedLogLines: log.droppedLines,
    spans: tracing.counts,
  });
  const eventLog = createEventLog(log, clock);
  const feed = createEventFeed(sources);
  for (const listener of [metrics, tracing, feed, eventLog]) events.on(listener.simulation);
  const openRequests = createOpenRequests();
  let finishedInDrain = 0;
  const observer: RequestObserver = {
    declared: metrics.declared,
    started: metrics.started,
    finished: (record) => {
      if (phase.current() === 'draining' && record.status !== CLIENT_CLOSED_REQUEST) finishedInDrain += 1;
      metrics.finished(record);
      tracing.request(record);
      eventLog.request(record);
    },
  };
  return {
    metrics,
    eventLog,
    feed,
    observer,
    openRequests,
    finishedInDrain: () => finishedInDrain,
  };
}

type BuiltParts = {
  readonly startedMs: number;
  readonly phase: Phase;
  readonly readings: Readings;
  readonly tracing: Tracing;
  readonly simulations: Simulations;
  readonly observed: ReturnType<typeof observe>;
};

/** The server, which does not listen yet. */
function buildServer(parts: ServiceParts, built: BuiltParts, stops: AsyncDisposableStack): Promise<App> {
  const { clock, config, build, log } = parts;
  const { startedMs, phase, readings, tracing, simulations, observed } = built;
  const { engine, pool, effects } = simulations;
  const threads = probeInBackground({ name: 'worker-thread', run: (signal) => pool.answers(signal) }, clock);
  stops.adopt(threads, (probe) => probe.stop());
  return createServer({
    ...{ clock, phase, build, startedMs, tracing, engine, effects, sampler: readings.sampler },
    ...observed,
    settings: config.http,
    random: parts.random,
    replica: instanceIdOf(parts),
    onFailure: observed.eventLog.requestFailed,
    onDroppedConnection: observed.metrics.connectionDropped,
    onUnknownNode: () =>
      log.logger.warn(
        { runtime: build.runtime },
        'this version of Node makes response headers in another way: they are made Node’s own way, which is slower',
      ),
    startedEpochMs: clock.epochMs(),
    identity: config.identity,
    environment: parts.given,
    pid: parts.pid,
    probes: createProbes({ phase, pool, background: [threads] }),
  });
}

async function closeServer(app: App): Promise<void> {
  const closed = app.close();
  app.server.closeAllConnections();
  await closed;
}
