/** What a load will make the autoscaler do, and when: the algorithm, a cluster that follows it, and metrics that lag. Pure. */
import { rounded } from '#foundation/scalars.ts';
import { type Pod, wishOf } from './algorithm.ts';
import { bounded, type History, isDisabled, stepTowards } from './behavior.ts';
import type { AutoscalerSpec } from './spec.ts';

/** How often the controller decides: kube-controller-manager, --horizontal-pod-autoscaler-sync-period. */
const SYNC_PERIOD_SECONDS = 15;
/** How often the metrics server looks: --metric-resolution of its own manifest. A rate needs two looks. */
const METRIC_RESOLUTION_SECONDS = 15;

export type ForecastParts = {
  readonly spec: AutoscalerSpec;
  /** The most that one replica can use: its limit, of a SkyOps less what is kept free for its probes. Infinite without a limit. */
  readonly mostCores: number;
  /** What a replica uses without any load. */
  readonly idleCores: number;
  readonly startReplicas: number;
  /** From the decision to a replica that is ready and takes its share: scheduling, pulling, starting. */
  readonly startupSeconds: number;
  /** The whole load at a moment, in cores; the replicas share it evenly. */
  readonly loadCores: (atSeconds: number) => number;
  readonly seconds: number;
};

export type Moment = {
  readonly atSeconds: number;
  readonly loadCores: number;
  /** What is used of it: replicas at their limit leave the rest undone. */
  readonly deliveredCores: number;
  /** As the controller sees it, in per cent of the request or, where the target is an average, in cores; nothing where there are no metrics. */
  readonly utilization: number | null;
  readonly averageCores: number | null;
  readonly wanted: number;
  readonly replicas: number;
  readonly readyReplicas: number;
  readonly limitedBy: 'bounds' | 'window' | 'policy' | null;
};

type Replica = { readonly startedAtSeconds: number; readonly readyAtSeconds: number };

/** One moment for each decision of the controller, the first of them one period after the load begins. */
export function forecast(parts: ForecastParts): readonly Moment[] {
  const { spec, mostCores, idleCores, startupSeconds } = parts;
  const tolerance = toleranceOf(spec);
  let replicas: Replica[] = Array.from({ length: parts.startReplicas }, () => ({
    startedAtSeconds: Number.NEGATIVE_INFINITY,
    readyAtSeconds: Number.NEGATIVE_INFINITY,
  }));
  // The controller takes the number that it finds for a recommendation, so that its windows hold from the beginning.
  let history: History = { recommendations: [{ atSeconds: 0, replicas: parts.startReplicas }], changes: [] };
  // The share of each ready replica over the last stretch of time, second by second: what the metrics are made of.
  const shares: number[] = [];
  const moments: Moment[] = [];

  for (let second = 1; second <= parts.seconds; second += 1) {
    const ready = replicas.filter(({ readyAtSeconds }) => readyAtSeconds < second).length;
    const share = Math.min(parts.loadCores(second - 0.5) / Math.max(1, ready), mostCores);
    shares.push(share);
    if (second % SYNC_PERIOD_SECONDS !== 0) continue;

    const podOf = remembered((replica) => podAt(replica, second, shares, idleCores));
    const pods = replicas.map(podOf);
    const { replicas: wanted, utilization, averageCores } = wishOf(replicas.length, pods, spec.measures, tolerance);
    const step = stepTowards(wanted, { current: replicas.length, atSeconds: second, spec }, history);
    history = step.history;
    const added = Math.max(0, step.replicas - replicas.length);
    // The youngest go first: kubernetes.io, ReplicaSet, "Scaling a ReplicaSet".
    replicas = [
      ...replicas.slice(0, step.replicas),
      ...Array.from({ length: added }, () => ({
        startedAtSeconds: second,
        readyAtSeconds: second + startupSeconds,
      })),
    ];
    moments.push({
      atSeconds: second,
      loadCores: rounded(parts.loadCores(second - 0.5), 4),
      deliveredCores: rounded(share * ready, 4),
      utilization: utilization ?? null,
      averageCores: averageCores ?? null,
      wanted,
      replicas: step.replicas,
      readyReplicas: ready,
      limitedBy: step.limitedBy,
    });
  }
  return moments;
}

/** Replicas that started together are alike: ten thousand are reckoned as one. */
function remembered(make: (replica: Replica) => Pod): (replica: Replica) => Pod {
  const made = new Map<number, Pod>();
  return (replica) => {
    const pod = made.get(replica.startedAtSeconds) ?? make(replica);
    made.set(replica.startedAtSeconds, pod);
    return pod;
  };
}

const toleranceOf = ({ scaleUp, scaleDown }: AutoscalerSpec) => ({ up: scaleUp.tolerance, down: scaleDown.tolerance });

/** As the metrics server has it: the mean over the last whole stretch between two of its looks, which is over already. */
function podAt(
  { startedAtSeconds, readyAtSeconds }: Replica,
  second: number,
  shares: readonly number[],
  idleCores: number,
): Pod {
  const until = Math.floor((second - 1) / METRIC_RESOLUTION_SECONDS) * METRIC_RESOLUTION_SECONDS;
  const from = until - METRIC_RESOLUTION_SECONDS;
  // Not there yet at the last look, or not ready, or measured before it was ready for as long as a look reaches back: the first has no metric,
  // the others are set apart.
  if (until <= startedAtSeconds) return { usageCores: undefined, isReady: readyAtSeconds < second };
  if (readyAtSeconds >= second || from < readyAtSeconds) return { usageCores: 0, isReady: false };
  const stretch = shares.slice(Math.max(0, from), Math.max(0, until));
  const mean = stretch.length === 0 ? 0 : stretch.reduce((sum, share) => sum + share, 0) / METRIC_RESOLUTION_SECONDS;
  return { usageCores: mean + idleCores, isReady: true };
}

/**
 * Where it settles under an even load: the first number of replicas at which the controller wants no more and no less, or to which its behavior lets it
 * go no further.
 */
export function settledReplicas(
  parts: Pick<ForecastParts, 'spec' | 'mostCores' | 'idleCores'>,
  loadCores: number,
  from: number,
): number {
  const { spec, mostCores, idleCores } = parts;
  let replicas = bounded(from, spec);
  // Each step goes further towards the end, because a load that is shared by more is less for each.
  for (let step = 0; step <= spec.maxReplicas; step += 1) {
    const usageCores = Math.min(loadCores / Math.max(1, replicas), mostCores) + idleCores;
    const pods = Array.from({ length: Math.max(1, replicas) }, () => ({ usageCores, isReady: true }));
    const next = bounded(wishOf(replicas, pods, spec.measures, toleranceOf(spec)).replicas, spec);
    if (next === replicas || isDisabled(spec, next > replicas ? 'up' : 'down')) return replicas;
    replicas = next;
  }
  return replicas;
}
