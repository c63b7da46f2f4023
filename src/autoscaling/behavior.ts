/**
 * How far the autoscaler goes towards what it wants, and how soon: stabilization windows and scaling policies. Pure.
 * @see https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#configurable-scaling-behavior
 */
import type { AutoscalerSpec, ScalingPolicy, ScalingRules } from './spec.ts';

type Recommendation = { readonly atSeconds: number; readonly replicas: number };
/** Replicas that were added (above 0) or taken away at a moment. */
type Change = { readonly atSeconds: number; readonly replicas: number };

/** What the controller remembers between two decisions. */
export type History = { readonly recommendations: readonly Recommendation[]; readonly changes: readonly Change[] };

export type Step = {
  readonly replicas: number;
  /** What kept it from what was wanted, if anything did. */
  readonly limitedBy: 'bounds' | 'window' | 'policy' | null;
  readonly history: History;
};

/** What a decision is made on. */
type Situation = {
  readonly current: number;
  readonly atSeconds: number;
  readonly spec: AutoscalerSpec;
};

/** The next number of replicas, from the current one and the one that is wanted. */
export function stepTowards(wanted: number, situation: Situation, history: History): Step {
  const { current, atSeconds, spec } = situation;
  const recommendations = [...history.recommendations, { atSeconds, replicas: wanted }];
  if (current < spec.minReplicas || current > spec.maxReplicas) {
    // Into the bounds at once, whatever the metrics say.
    const replicas = bounded(current, spec);
    const changes = remembered({ atSeconds, replicas: replicas - current }, spec, history.changes);
    return {
      replicas,
      limitedBy: replicas === wanted ? null : 'bounds',
      history: { recommendations: history.recommendations, changes },
    };
  }
  const stable = spec.hasBehavior ? stabilized(situation, recommendations) : mostOfLate(atSeconds, recommendations);
  const allowed = spec.hasBehavior
    ? rateLimited(stable, situation, history.changes)
    : Math.min(stable, Math.max(2 * current, 4));
  const replicas = bounded(allowed, spec);
  const changes =
    replicas === current
      ? history.changes
      : remembered({ atSeconds, replicas: replicas - current }, spec, history.changes);
  const limitedBy =
    replicas === wanted ? null : replicas !== allowed ? 'bounds' : stable !== wanted ? 'window' : 'policy';
  return { replicas, limitedBy, history: { recommendations, changes } };
}

export const bounded = (replicas: number, { minReplicas, maxReplicas }: AutoscalerSpec) =>
  Math.min(Math.max(replicas, minReplicas), maxReplicas);

/** Whether the behavior never lets it go into this direction. */
export const isDisabled = ({ hasBehavior, scaleUp, scaleDown }: AutoscalerSpec, direction: 'up' | 'down') =>
  hasBehavior && (direction === 'up' ? scaleUp : scaleDown).selectPolicy === 'Disabled';

/** kube-controller-manager, --horizontal-pod-autoscaler-downscale-stabilization. */
const DOWNSCALE_STABILIZATION_SECONDS = 300;

/** What holds without a `behavior`: the most that was wanted within five minutes, and at most twice as many as there are, or four. */
function mostOfLate(atSeconds: number, recommendations: readonly Recommendation[]): number {
  const late = recommendations.filter((each) => each.atSeconds > atSeconds - DOWNSCALE_STABILIZATION_SECONDS);
  return Math.max(...late.map(({ replicas }) => replicas));
}

/** Upwards the least that was wanted within the window, downwards the most: who waits has seen that it stays. */
function stabilized({ current, atSeconds, spec }: Situation, recommendations: readonly Recommendation[]): number {
  const within = ({ stabilizationWindowSeconds }: ScalingRules) =>
    recommendations
      .filter((each) => each.atSeconds > atSeconds - stabilizationWindowSeconds || each.atSeconds === atSeconds)
      .map(({ replicas }) => replicas);
  const least = Math.min(...within(spec.scaleUp));
  const most = Math.max(...within(spec.scaleDown));
  return Math.min(Math.max(current, least), most);
}

function rateLimited(wanted: number, situation: Situation, changes: readonly Change[]): number {
  const { current } = situation;
  if (wanted > current) return Math.min(wanted, Math.max(limitOf('up', situation, changes), current));
  if (wanted < current) return Math.max(wanted, Math.min(limitOf('down', situation, changes), current));
  return current;
}

/**
 * The controller writes a change over the last one of its direction that the longest period there has left behind, though a longer
 * period of the other direction may still count it: horizontal.go, storeScaleEvent.
 */
function remembered(
  change: Change,
  { scaleUp, scaleDown }: AutoscalerSpec,
  changes: readonly Change[],
): readonly Change[] {
  const { policies } = change.replicas > 0 ? scaleUp : scaleDown;
  const longest = Math.max(...policies.map(({ periodSeconds }) => periodSeconds));
  const over = changes.findLastIndex(
    (each) => each.replicas > 0 === change.replicas > 0 && each.atSeconds <= change.atSeconds - longest,
  );
  return over < 0 ? [...changes, change] : changes.with(over, change);
}

/** How far the policies allow to go; `Max` and `Min` are of the change. Each counts from the replicas that there were when its period began. */
function limitOf(
  direction: 'up' | 'down',
  { current, atSeconds, spec }: Situation,
  changes: readonly Change[],
): number {
  const { policies, selectPolicy } = direction === 'up' ? spec.scaleUp : spec.scaleDown;
  if (selectPolicy === 'Disabled') return current;
  const limits = policies.map((policy) => {
    const since = changes.filter((change) => change.atSeconds > atSeconds - policy.periodSeconds);
    const sinceThen = since.reduce((sum, { replicas }) => sum + replicas, 0);
    return allowedBy(policy, current - sinceThen, direction);
  });
  const furthest = direction === 'up' ? Math.max(...limits) : Math.min(...limits);
  const nearest = direction === 'up' ? Math.min(...limits) : Math.max(...limits);
  return selectPolicy === 'Max' ? furthest : nearest;
}

function allowedBy({ type, value }: ScalingPolicy, periodStartReplicas: number, direction: 'up' | 'down'): number {
  const sign = direction === 'up' ? 1 : -1;
  if (type === 'Pods') return periodStartReplicas + sign * value;
  const changed = periodStartReplicas * (1 + (sign * value) / 100);
  return direction === 'up' ? Math.ceil(changed) : Math.floor(changed);
}
