/** The end of the service: it drains, cuts what would not end, and stops the rooms in reverse. */
import type { Loaded } from '#config/load.ts';
import { type Clock, wait } from '#foundation/clock.ts';
import type { App } from '#http/routes/route.ts';
import { described, type OpenRequests } from '#http/wire/open-requests.ts';
import { DISPOSE_TIMEOUT_MS, type DrainResult, drain } from '#lifecycle/drain.ts';
import type { Phase } from '#lifecycle/phase.ts';
import type { EventFeed } from '#observability/event-feed.ts';
import type { Log } from '#observability/logger.ts';
import type { Tracing } from '#observability/tracing/tracing.ts';
import type { Engine } from '#simulation/engine.ts';

/** What runs, and is to be stopped. */
export type RunningService = {
  readonly clock: Clock;
  readonly config: Pick<Loaded['config'], 'drain'>;
  readonly logger: Log['logger'];
  readonly phase: Phase;
  readonly engine: Engine;
  readonly feed: EventFeed;
  readonly openRequests: OpenRequests;
  readonly finishedInDrain: () => number;
  readonly app: App;
  /** Everything that was started, to be disposed of in reverse. */
  readonly started: AsyncDisposable;
};

/** What the end was like, for the last line of the log. */
export type Stopped = DrainResult & {
  /** Requests that were answered after the drain had started. */
  readonly finishedRequests: number;
  readonly cancelledSimulations: number;
};

/** Connections that fall idle during the close would otherwise be kept for the whole keep-alive time. */
const CLOSE_IDLE_PERIOD_MS = 50;

/** Within `DISPOSE_TIMEOUT_MS`, with time for what is stopped after it. */
const TRACE_FLUSH_TIMEOUT_MS = 1000;

/** Every 10 ms; a request that never ends must not hold the end back. */
const LOOKS_FOR_CUT_REQUESTS = 20;

/** Resolves when everything has stopped, or its time is over. What is left of the drain is cut short once `hurry` aborts. */
export async function stopService(running: RunningService, hurry: AbortSignal): Promise<Stopped> {
  const { clock, config, logger, phase, engine, feed, finishedInDrain, app } = running;
  phase.move('draining');
  const cancelledSimulations = engine.running().length;
  // Not awaited: requests are served from the first moment of the drain on.
  const cancelling = engine.drain();
  // Streams would last for ever; their clients come back to another replica.
  void cancelling.then(feed.close);
  const result = await drain({
    clock,
    settings: config.drain,
    hurry,
    close: () => closeGently(app, clock),
    cut: () => cutOpen(running),
  });
  const isOver = await inTime(clock, DISPOSE_TIMEOUT_MS, disposeAfter(cancelling, running));
  if (!isOver) logger.warn('not everything stopped in time; traces may be lost');
  phase.move('stopped');
  return { ...result, finishedRequests: finishedInDrain(), cancelledSimulations };
}

async function closeGently(app: App, clock: Clock): Promise<void> {
  const closeIdle = clock.every(CLOSE_IDLE_PERIOD_MS, () => app.server.closeIdleConnections());
  await app.close();
  closeIdle();
}

/** @returns what was cut, the oldest first. */
function cutOpen({ app, openRequests }: RunningService): readonly string[] {
  const cut = [...openRequests].map(described);
  app.server.closeAllConnections();
  return cut.length > 0 ? cut : ['connections without a whole request'];
}

async function disposeAfter(
  cancelling: Promise<unknown>,
  { clock, openRequests, started }: RunningService,
): Promise<void> {
  await cancelling;
  // What was cut is seen to end a moment later, and belongs into the log before its last line.
  for (let look = 0; openRequests.size > 0 && look < LOOKS_FOR_CUT_REQUESTS; look += 1) await wait(clock, 10);
  await started[Symbol.asyncDispose]();
}

/** Spans that cannot be sent any more are no failed end. */
export async function closeTracing(clock: Clock, tracing: Tracing): Promise<void> {
  await inTime(clock, TRACE_FLUSH_TIMEOUT_MS, tracing.close()).catch(() => {});
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
