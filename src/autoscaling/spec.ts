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

export type AutoscalerSpec = {
  readonly minReplicas: number;
  readonly maxReplicas: number;
  /** Mean use of the request that is aimed at, in per cent. */
  readonly targetUtilization: number;
  /** Whether the manifest has a `behavior` at all: without one the controller has older rules, and does not look at the two below. */
  readonly hasBehavior: boolean;
  readonly scaleUp: ScalingRules;
  readonly scaleDown: ScalingRules;
};

/**
 * What holds where a manifest says nothing.
 * @see https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#default-behavior
 */
export const DEFAULT_TOLERANCE = 0.1;
export const DEFAULT_SCALE_UP: ScalingRules = {
  stabilizationWindowSeconds: 0,
  selectPolicy: 'Max',
  policies: [
    { type: 'Percent', value: 100, periodSeconds: 15 },
    { type: 'Pods', value: 4, periodSeconds: 15 },
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
export const DEFAULT_TARGET_UTILIZATION = 80;
