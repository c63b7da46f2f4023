/**
 * Keeps a whole Deployment busy with an exact total: cut into pieces that end and begin again, each through the Service on a connection
 * of its own, so that new replicas take their share. Kubernetes' own autoscaling tests do it so with resource-consumer.
 */
import { type Clock, wait } from '#foundation/clock.ts';
import { dueSeconds, partAt } from '#simulation/shape.ts';
import type { Shape } from '#simulation/shape-schema.ts';

export type Piece = { readonly cores: number; readonly seconds: number };

/** What became of one piece. */
export type Sent =
  | { readonly type: 'done'; readonly replica: string; readonly coreSeconds: number }
  | { readonly type: 'refused'; readonly reason: string; readonly retryAfterSeconds: number }
  | { readonly type: 'wrong'; readonly reason: string }
  | { readonly type: 'failed'; readonly reason: string };

/** Sends one piece and waits for its report. When the signal aborts, the connection is given up and the load with it. */
export type Send = (piece: Piece, signal: AbortSignal) => Promise<Sent>;

export type LoadPlan = {
  /** The most that is used at any time, over all replicas. */
  readonly cores: number;
  readonly shape: Shape;
  readonly seconds: number;
  readonly pieces: number;
  readonly pieceSeconds: number;
};

export type LoadState = {
  readonly elapsedSeconds: number;
  readonly requestedCoreSeconds: number;
  /** As the replicas have reported it: pieces that still run, or that were cut, are not in it. */
  readonly deliveredCoreSeconds: number;
  readonly byReplica: ReadonlyMap<string, number>;
  readonly running: number;
  readonly finished: number;
  readonly refused: number;
  readonly failed: number;
  /** What was said last of a piece that did not run, and whether it was refused or there was no answer. */
  readonly reason: string | undefined;
  readonly trouble: 'refused' | 'failed' | undefined;
  /** Set where no piece will ever run: the request itself is wrong. */
  readonly wrong: string | undefined;
};

/** A piece that nobody took is tried again after this long: another replica may answer. */
const RETRY_SECONDS = 0.5;
/** Each is a connection that is held. */
export const MOST_PIECES = 1000;
/** What is smaller is not asked for: a thousandth of a core is the smallest unit that Kubernetes knows. */
const SMALLEST_CORES = 0.001;
const SHORTEST_SECONDS = 0.1;

export type Load = { readonly state: () => LoadState; readonly ended: Promise<LoadState> };

export function startLoad(plan: LoadPlan, send: Send, clock: Clock, interrupt: AbortSignal): Load {
  const startMs = clock.monotonicMs();
  const elapsed = () => Math.min((clock.monotonicMs() - startMs) / 1000, plan.seconds);
  const stop = new AbortController();
  const byReplica = new Map<string, number>();
  let [running, finished, refused, failed] = [0, 0, 0, 0];
  let reason: string | undefined;
  let trouble: LoadState['trouble'];
  let wrong: string | undefined;
  interrupt.addEventListener('abort', () => stop.abort(), { once: true });
  if (interrupt.aborted) stop.abort();

  const state = (): LoadState => ({
    elapsedSeconds: elapsed(),
    requestedCoreSeconds: plan.cores * dueSeconds(plan.shape, elapsed(), plan.seconds),
    deliveredCoreSeconds: [...byReplica.values()].reduce((sum, each) => sum + each, 0),
    byReplica,
    running,
    finished,
    refused,
    failed,
    reason,
    trouble,
    wrong,
  });

  /** One after the other, until the time is up. */
  async function keepBusy(index: number): Promise<void> {
    // The first ones of different lengths: later they end one after the other, and the load moves on smoothly.
    let seconds = (plan.pieceSeconds * (index + 1)) / plan.pieces;
    while (!stop.signal.aborted) {
      const now = elapsed();
      const rest = plan.seconds - now;
      // A rest that is too short for a piece of its own is added to the last one.
      const length = rest - seconds < Math.min(1, plan.pieceSeconds / 2) ? rest : seconds;
      if (length < SHORTEST_SECONDS) return;
      seconds = plan.pieceSeconds;
      // What is due over the piece, not what is due now: the sum then follows the shape however long the pieces are.
      const due = dueSeconds(plan.shape, now + length, plan.seconds) - dueSeconds(plan.shape, now, plan.seconds);
      const cores = shareOf((plan.cores * due) / length, index, plan.pieces);
      if (cores < SMALLEST_CORES) {
        await wait(clock, Math.min(length, 1) * 1000, stop.signal);
        continue;
      }
      running += 1;
      const sent = await send({ cores, seconds: length }, stop.signal);
      running -= 1;
      if (stop.signal.aborted) return;
      if (sent.type === 'done') {
        finished += 1;
        trouble = undefined;
        byReplica.set(sent.replica, (byReplica.get(sent.replica) ?? 0) + sent.coreSeconds);
        continue;
      }
      reason = sent.reason;
      if (sent.type === 'wrong') {
        wrong = sent.reason;
        return stop.abort();
      }
      trouble = sent.type;
      if (sent.type === 'refused') refused += 1;
      else failed += 1;
      const pauseSeconds = sent.type === 'refused' ? Math.min(sent.retryAfterSeconds, RETRY_SECONDS) : RETRY_SECONDS;
      await wait(clock, pauseSeconds * 1000, stop.signal);
    }
  }

  const ended = Promise.all(Array.from({ length: plan.pieces }, (_, index) => keepBusy(index))).then(state);
  return { state, ended };
}

/** In whole thousandths of a core, which is all that the API takes; all shares together are the whole. */
function shareOf(cores: number, index: number, pieces: number): number {
  const thousandths = Math.round(cores * 1000);
  const until = (count: number) => Math.floor((thousandths * count) / pieces);
  return (until(index + 1) - until(index)) / 1000;
}

/**
 * Several for each replica, and yet no more than one replica alone has threads for, which are eight by default (SKYOPS_MAX_CORES); of
 * 150m, six of them are all that a replica with a limit of one core may use.
 */
export function piecesFor(cores: number): number {
  return Math.min(Math.max(8, Math.ceil(cores / 0.15)), MOST_PIECES);
}

/** What the load is meant to be at a moment, in cores. */
export function coresAt({ cores, shape, seconds }: LoadPlan, atSeconds: number): number {
  return cores * partAt(shape, atSeconds, seconds);
}
