/**
 * How many replicas the autoscaler wants, from what the pods use: pure, after Kubernetes' documented algorithm.
 * @see https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#algorithm-details
 */
import { rounded } from '#foundation/scalars.ts';

/** One pod of the target, as the controller sees it; pods that are being deleted or have failed are not among them. */
export type Pod = {
  /** CPU that it uses, in cores; nothing where there is no metric of it yet. */
  readonly usageCores: number | undefined;
  /** Ready, and measured while it was ready or for long enough: what else it uses is start-up. */
  readonly isReady: boolean;
};

export type Wish = {
  readonly replicas: number;
  /** Mean use of the request by the ready pods with a metric, in whole per cent as the controller has it; nothing where no pod has one. */
  readonly utilization: number | undefined;
};

export type Measure = {
  readonly requestCores: number;
  readonly targetUtilization: number;
  /** How far above, and below, the target it may be before anything is done. */
  readonly tolerance: { readonly up: number; readonly down: number };
};

/**
 * `ceil(replicas × utilization / target)`, unless the ratio is within the tolerance. Pods that are not ready yet count as using nothing
 * where that would scale up; pods without a metric as using nothing on the way up, and all of their request (or the target, where that is
 * more) on the way down. If that turns the direction, or brings it within the tolerance, nothing is done.
 */
export function wishOf(replicas: number, pods: readonly Pod[], measure: Measure): Wish {
  const { requestCores, targetUtilization, tolerance } = measure;
  const measured = pods.filter(({ usageCores }) => usageCores !== undefined);
  const ready = measured.filter(({ isReady }) => isReady);
  const notReady = measured.length - ready.length;
  const missing = pods.length - measured.length;
  if (ready.length === 0) return { replicas, utilization: undefined };

  // The controller reads each pod in whole millicores, rounded up: Quantity.MilliValue().
  const used = ready.reduce((sum, { usageCores = 0 }) => sum + Math.ceil(rounded(usageCores * 1000, 6)) / 1000, 0);
  const percent = (cores: number, count: number) => Math.floor(rounded((cores / (count * requestCores)) * 100, 9));
  const utilization = percent(used, ready.length);
  const ratio = utilization / targetUtilization;
  const isTolerable = (value: number) => value <= 1 + tolerance.up && value >= 1 - tolerance.down;

  // Pods that are not ready are left out on the way down; on the way up they are there, and will take their share.
  const isRebalanced = notReady > 0 && ratio > 1;
  if (!isRebalanced && missing === 0) {
    return { replicas: isTolerable(ratio) ? replicas : Math.ceil(ratio * ready.length), utilization };
  }
  const assumedForMissing = ratio < 1 ? (requestCores * Math.max(100, targetUtilization)) / 100 : 0;
  const counted = ready.length + missing + (isRebalanced ? notReady : 0);
  const assumed = used + missing * assumedForMissing;
  const newRatio = percent(assumed, counted) / targetUtilization;
  if (isTolerable(newRatio) || ratio < 1 !== newRatio < 1) return { replicas, utilization };
  const wanted = Math.ceil(newRatio * counted);
  const isBackwards = newRatio < 1 ? wanted > replicas : wanted < replicas;
  return { replicas: isBackwards ? replicas : wanted, utilization };
}
