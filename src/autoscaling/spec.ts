/** A HorizontalPodAutoscaler in the words of autoscaling/v2, with the defaults that Kubernetes gives it. */

export type ScalingPolicy = {
  readonly type: 'Pods' | 'Percent';
  readonly value: number;
  readonly periodSeconds: number;
};

export type ScalingRules = {
  readonly stabilizationWindowSeconds: number;
  readonly selectPolicy: 'Max' | 'Min' | 'Disabled';
  readonly policies: readonly ScalingPolicy[];
  /** How far the metric may be off before anything is done; 0.1 is the controller's own default. */
  readonly tolerance: number;
};

/** What the autoscaler compares: CPU used with a share of what is requested, or with a fixed amount for each pod. */
export type Measure =
  | {
      readonly type: 'utilization';
      /** What is divided by: the request of the pod, or of the one container that the metric names. */
      readonly requestCores: number;
      /** In per cent of the request. */
      readonly targetPercent: number;
    }
  | { readonly type: 'average'; readonly targetCores: number };

export type AutoscalerSpec = {
  readonly minReplicas: number;
  readonly maxReplicas: number;
  /** Those of CPU, at least one; the autoscaler takes the most that any of them wants. */
  readonly measures: readonly [Measure, ...Measure[]];
  /** Whether the manifest has a `behavior` at all: without one the controller has older rules, and does not look at the two below. */
  readonly hasBehavior: boolean;
  readonly scaleUp: ScalingRules;
  readonly scaleDown: ScalingRules;
};

/** The CPU that a pod uses when the metric is at its target. */
export function targetCores(measure: Measure): number {
  return measure.type === 'average' ? measure.targetCores : (measure.requestCores * measure.targetPercent) / 100;
}

/**
 * What holds where a manifest says nothing.
 * @see https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#default-behavior
 */
export const DEFAULT_TOLERANCE = 0.1;
export const DEFAULT_SCALE_UP: ScalingRules = {
  stabilizationWindowSeconds: 0,
  selectPolicy: 'Max',
  policies: [
    { type: 'Pods', value: 4, periodSeconds: 15 },
    { type: 'Percent', value: 100, periodSeconds: 15 },
  ],
  tolerance: DEFAULT_TOLERANCE,
};
export const DEFAULT_SCALE_DOWN: ScalingRules = {
  stabilizationWindowSeconds: 300,
  selectPolicy: 'Max',
  policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }],
  tolerance: DEFAULT_TOLERANCE,
};
/** Where a manifest does not say a target: autoscaling/v2, `metrics`. */
export const DEFAULT_TARGET_PERCENT = 80;
