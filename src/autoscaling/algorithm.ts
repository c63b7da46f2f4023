/**
 * How many replicas the autoscaler wants, from what the pods use: pure, after Kubernetes' documented algorithm and its arithmetic in whole numbers.
 * @see https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#algorithm-details
 */
import { rounded } from '#foundation/scalars.ts';
import type { Measure } from './spec.ts';

/** One pod of the target, as the controller sees it; pods that are being deleted or have failed are not among them. */
export type Pod = {
  /** CPU that it uses, in cores; nothing where there is no metric of it yet. */
  readonly usageCores: number | undefined;
  /** Ready, and measured while it was ready or for long enough: what else it uses is start-up. */
  readonly isReady: boolean;
};

export type Wish = {
  readonly replicas: number;
  /** Mean use by the ready pods with a metric: of the request in whole per cent, or in cores, as the measure has it. Nothing where no pod has one. */
  readonly utilization: number | undefined;
  readonly averageCores: number | undefined;
};

/** How far above, and below, the target it may be before anything is done. */
export type Tolerance = { readonly up: number; readonly down: number };

/** The most that any of the measures wants. The use is that of the first, which is shown. */
export function wishOf(
  replicas: number,
  pods: readonly Pod[],
  measures: readonly [Measure, ...Measure[]],
  tolerance: Tolerance,
): Wish {
  const [first, ...rest] = measures.map((measure) => wishOfOne(replicas, pods, measure, tolerance)) as [
    Wish,
    ...Wish[],
  ];
  return { ...first, replicas: Math.max(first.replicas, ...rest.map((wish) => wish.replicas)) };
}

/** The controller reads each amount in whole thousandths, rounded up: Quantity.MilliValue(). */
const milliOf = (cores: number) => Math.ceil(rounded(cores * 1000, 6));

/**
 * `ceil(replicas × use / target)`, unless the ratio is within the tolerance. Pods that are not ready yet count as using nothing
 * where that would scale up; pods without a metric as using nothing on the way up, and on the way down as using the target of an average, or all of
 * their request (or the target, where that is more). If that turns the direction, or brings it within the tolerance, nothing is done.
 */
function wishOfOne(replicas: number, pods: readonly Pod[], measure: Measure, tolerance: Tolerance): Wish {
  const measured = pods.filter(({ usageCores }) => usageCores !== undefined);
  const ready = measured.filter(({ isReady }) => isReady);
  const notReady = measured.length - ready.length;
  const missing = pods.length - measured.length;
  if (ready.length === 0) return { replicas, utilization: undefined, averageCores: undefined };

  const used = ready.reduce((sum, { usageCores = 0 }) => sum + milliOf(usageCores), 0);
  const { useOf, target, assumedForMissing } = reckoningOf(measure);
  const use = useOf(used, ready.length);
  const ratio = use / target;
  const shown = {
    utilization: measure.type === 'utilization' ? use : undefined,
    averageCores: measure.type === 'average' ? use / 1000 : undefined,
  };
  const stay = { replicas, ...shown };
  const isTolerable = (value: number) => value <= 1 + tolerance.up && value >= 1 - tolerance.down;

  // Pods that are not ready are left out on the way down; on the way up they are there, and will take their share.
  const isRebalanced = notReady > 0 && ratio > 1;
  if (!isRebalanced && missing === 0) {
    return isTolerable(ratio) ? stay : { replicas: Math.ceil(ratio * ready.length), ...shown };
  }
  const countedMissing = ratio === 1 ? 0 : missing;
  const counted = ready.length + countedMissing + (isRebalanced ? notReady : 0);
  const newRatio = useOf(used + (ratio < 1 ? countedMissing * assumedForMissing : 0), counted) / target;
  if (isTolerable(newRatio) || (ratio < 1 && newRatio > 1) || (ratio > 1 && newRatio < 1)) return stay;
  const wanted = Math.ceil(newRatio * counted);
  const isBackwards = newRatio < 1 ? wanted > replicas : wanted < replicas;
  return isBackwards ? stay : { replicas: wanted, ...shown };
}

type Reckoning = {
  /** From thousandths that some pods use together. */
  readonly useOf: (usedMilli: number, pods: number) => number;
  readonly target: number;
  /** Thousandths, for each pod without a metric, on the way down. */
  readonly assumedForMissing: number;
};

function reckoningOf(measure: Measure): Reckoning {
  if (measure.type === 'average') {
    const target = milliOf(measure.targetCores);
    return { useOf: (used, pods) => Math.floor(used / pods), target, assumedForMissing: target };
  }
  const request = milliOf(measure.requestCores);
  return {
    useOf: (used, pods) => Math.floor((used * 100) / (pods * request)),
    target: measure.targetPercent,
    assumedForMissing: Math.floor((request * Math.max(100, measure.targetPercent)) / 100),
  };
}
