/** Reads a HorizontalPodAutoscaler of autoscaling/v2 or v1 with the defaults and the refusals of the API server. */
import { decodeKind } from '#kubernetes/decode.ts';
import { Field, type Refusals } from '#kubernetes/field.ts';
import { refuseBadMetadata, refuseBadName } from '#kubernetes/names.ts';
import type { KubernetesObject } from '#kubernetes/objects.ts';
import { quantityAsNumber } from '#kubernetes/quantity.ts';
import { annotatedBehavior, annotatedMetrics } from './annotations-v1.ts';
import {
  type AutoscalerSpec,
  DEFAULT_SCALE_DOWN,
  DEFAULT_SCALE_UP,
  DEFAULT_TARGET_PERCENT,
  type ScalingPolicy,
  type ScalingRules,
} from './spec.ts';

/** A metric of CPU, whose divisor is known once the workload is. */
export type CpuMetric = {
  /** The one that it looks at; all of the pod without it. */
  readonly container: string | undefined;
  readonly target: { readonly percent: number } | { readonly milli: bigint };
};

export type Autoscaler = {
  readonly target: { readonly apiVersion: string; readonly kind: string; readonly name: string };
  readonly minReplicas: number;
  readonly maxReplicas: number;
  readonly cpuMetrics: readonly CpuMetric[];
  /** What else it looks at, as a person would call it. */
  readonly otherMetrics: readonly string[];
  readonly behavior: BehaviorParts;
};

export type BehaviorParts = Pick<AutoscalerSpec, 'hasBehavior' | 'scaleUp' | 'scaleDown'>;

const SERVED = ['v2', 'v1'];

/** @returns nothing where it is refused; the sentences are in `refusals`. */
export function autoscalerOf(object: KubernetesObject, refusals: Refusals): Autoscaler | undefined {
  const { group, version, value } = object;
  if (group !== 'autoscaling' || !SERVED.includes(version)) {
    const given = group === '' ? version : `${group}/${version}`;
    const found = given === '' ? 'is missing' : `is ${given}`;
    refusals.say(
      `its apiVersion ${found}; Kubernetes serves autoscaling/v2 and autoscaling/v1 alone. ${adviceFor(given)}`,
    );
    return undefined;
  }
  const root = new Field(value, '', refusals);
  decodeKind(root, `autoscaling/${version} HorizontalPodAutoscaler`);
  refuseBadMetadata(root.at('metadata'));
  const spec = root.at('spec');
  const isV1 = version === 'v1';
  const target = targetOf(spec.at('scaleTargetRef'));
  const metrics = isV1 ? metricsOfV1(root) : spec.at('metrics').list().map(metricOf);
  const behavior = behaviorOf(isV1 ? annotatedBehavior(root) : spec.at('behavior'));
  const bounds = boundsOf(spec, metrics);
  // An empty list is filled by Kubernetes as a missing one is.
  const all =
    metrics.length === 0 ? [{ cpu: { container: undefined, target: { percent: DEFAULT_TARGET_PERCENT } } }] : metrics;
  return {
    target,
    ...bounds,
    cpuMetrics: all.flatMap(({ cpu }) => cpu ?? []),
    otherMetrics: all.flatMap((metric) => ('other' in metric && metric.other !== undefined ? [metric.other] : [])),
    behavior,
  };
}

function adviceFor(version: string): string {
  if (version === 'autoscaling/v2beta2') return 'Write autoscaling/v2: the fields are the same.';
  if (version === 'autoscaling/v2beta1') {
    return 'Write autoscaling/v2, and target: {type: Utilization, averageUtilization: …} instead of targetAverageUtilization.';
  }
  return 'Write autoscaling/v2.';
}

function targetOf(ref: Field): Autoscaler['target'] {
  const [apiVersion = '', kind = '', name = ''] = [
    ref.at('apiVersion').text(),
    ref.at('kind').text(),
    ref.at('name').text(),
  ];
  if (kind === '') ref.at('kind').refuse('the kind of what it scales, such as Deployment');
  if (name === '') ref.at('name').refuse('the name of what it scales');
  for (const field of ['kind', 'name']) refuseBadName(ref.at(field), 'pathSegment');
  const isCore = kind === 'ReplicationController' && (apiVersion === 'v1' || apiVersion === '');
  if (!isCore && !/^[^/]+\/[^/]+$/.test(apiVersion))
    ref.at('apiVersion').refuse('a group and a version, such as apps/v1');
  return { apiVersion, kind, name };
}

function boundsOf(spec: Field, metrics: readonly Metric[]): Pick<Autoscaler, 'minReplicas' | 'maxReplicas'> {
  const minReplicas = spec.at('minReplicas').integer() ?? 1;
  const maxReplicas = spec.at('maxReplicas').integer() ?? 0;
  // From zero only something outside of the pods can wake them.
  const canBeZero = metrics.some(({ isOutside }) => isOutside === true);
  if (minReplicas < 0 || (minReplicas === 0 && !canBeZero)) {
    spec.at('minReplicas').refuse('at least 1, or 0 beside a metric of type Object or External');
  }
  if (maxReplicas < 1) spec.at('maxReplicas').refuse('at least 1');
  else if (maxReplicas < minReplicas) spec.at('maxReplicas').refuse(`at least minReplicas, which is ${minReplicas}`);
  return { minReplicas, maxReplicas };
}

type Metric = {
  readonly cpu?: CpuMetric;
  readonly other?: string | undefined;
  /** It is measured outside of the pods. */
  readonly isOutside?: boolean;
};

const SOURCES = {
  Resource: 'resource',
  ContainerResource: 'containerResource',
  Pods: 'pods',
  Object: 'object',
  External: 'external',
} as const;

function metricOf(field: Field): Metric {
  const types = Object.keys(SOURCES) as (keyof typeof SOURCES)[];
  const type = field.at('type').needed(types);
  if (type === undefined) return {};
  const source = field.at(SOURCES[type]);
  if (!source.isThere) source.refuse(`a map of fields, because the type is ${type}`);
  for (const other of types) {
    if (other !== type && field.at(SOURCES[other]).isThere)
      field.at(SOURCES[other]).refuse(`left out, because the type is ${type}`);
  }
  if (type === 'Resource' || type === 'ContainerResource') return resourceMetric(source, type);
  const name = source.at('metric').at('name');
  refuseBadName(name, 'pathSegment');
  refuseBadTarget(source.at('target'), type);
  if (type === 'Object') {
    for (const part of ['kind', 'name']) refuseBadName(source.at('describedObject').at(part), 'pathSegment');
  }
  return { other: name.text() ?? type, isOutside: type === 'Object' || type === 'External' };
}

function resourceMetric(source: Field, type: 'Resource' | 'ContainerResource'): Metric {
  const name = source.at('name').text();
  if (name === undefined || name === '') source.at('name').refuse('the name of a resource, such as cpu');
  const container = type === 'ContainerResource' ? source.at('container').text() : undefined;
  if (type === 'ContainerResource') refuseBadName(source.at('container'), 'label');
  const target = targetValueOf(source.at('target'));
  if (name !== 'cpu') return name === undefined ? {} : { other: name };
  return target === undefined ? {} : { cpu: { container, target } };
}

/** The type is checked and then of no account: what is set holds. */
function refuseBadTarget(field: Field, source?: 'Pods' | 'Object' | 'External'): void {
  field.at('type').needed(['Utilization', 'AverageValue', 'Value']);
  const [value, average] = [field.at('value'), field.at('averageValue')];
  for (const amount of [value, average]) {
    const milli = amount.quantity();
    if (milli !== undefined && milli <= 0n) amount.refuse('above 0');
  }
  const percent = field.at('averageUtilization');
  atLeastOne(percent, percent.integer());
  if (average.isThere) {
    if (source === 'External' && value.isThere) value.refuse('left out, because averageValue is there too');
  } else if (source === 'Pods') {
    average.refuse('an amount above 0');
  } else if (source !== undefined && !value.isThere) {
    average.refuse('an amount above 0, unless value is there');
  }
}

function targetValueOf(field: Field): CpuMetric['target'] | undefined {
  refuseBadTarget(field);
  const [percent, milli] = [field.at('averageUtilization'), field.at('averageValue')];
  if (percent.isThere && milli.isThere) return milli.refuse('left out, because averageUtilization is there too');
  const [asPercent, asMilli] = [percent.integer(), milli.quantity()];
  if (asPercent !== undefined) return { percent: asPercent };
  if (!percent.isThere && !milli.isThere) return percent.refuse('a number of per cent, unless averageValue is there');
  return asMilli === undefined ? undefined : { milli: asMilli };
}

function atLeastOne(field: Field, value: number | undefined): true | undefined {
  if (value === undefined) return undefined;
  return value >= 1 ? true : field.refuse('at least 1 per cent');
}

function metricsOfV1(root: Field): readonly Metric[] {
  const others = annotatedMetrics(root).map(metricOf);
  const field = root.at('spec').at('targetCPUUtilizationPercentage');
  const percent = field.integer();
  if (percent === undefined || atLeastOne(field, percent) !== true) return others;
  return [...others, { cpu: { container: undefined, target: { percent } } }];
}

/** `spec.behavior`. */
export function behaviorOf(field: Field): BehaviorParts {
  return {
    hasBehavior: field.isThere,
    scaleUp: rulesOf(field.at('scaleUp'), DEFAULT_SCALE_UP),
    scaleDown: rulesOf(field.at('scaleDown'), DEFAULT_SCALE_DOWN),
  };
}

/** Each field that is not given has its default, and not the others. */
function rulesOf(field: Field, defaults: ScalingRules): ScalingRules {
  const window = within(field.at('stabilizationWindowSeconds'), 0, 3600);
  const policies = field.at('policies');
  const given = policies.list().map(policyOf);
  if (policies.isThere && Array.isArray(policies.value) && given.length === 0)
    policies.refuse('left out, or a list of at least one policy');
  return {
    stabilizationWindowSeconds: window ?? defaults.stabilizationWindowSeconds,
    selectPolicy: field.at('selectPolicy').oneOf(['Max', 'Min', 'Disabled']) ?? defaults.selectPolicy,
    policies: policies.isThere ? given : defaults.policies,
    tolerance: toleranceOf(field.at('tolerance')) ?? defaults.tolerance,
  };
}

function policyOf(field: Field): ScalingPolicy {
  return {
    type: field.at('type').needed(['Pods', 'Percent']) ?? 'Pods',
    value: required(field.at('value'), 1, 2 ** 31 - 1),
    periodSeconds: required(field.at('periodSeconds'), 1, 1800),
  };
}

function within(field: Field, least: number, most: number): number | undefined {
  const value = field.integer();
  if (value === undefined || (value >= least && value <= most)) return value;
  return field.refuse(most === 2 ** 31 - 1 ? `at least ${least}` : `from ${least} to ${most}`);
}

function required(field: Field, least: number, most: number): number {
  if (!field.isThere) field.refuse(`a whole number, at least ${least}`);
  return within(field, least, most) ?? least;
}

function toleranceOf(field: Field): number | undefined {
  const milli = field.quantity();
  if (milli === undefined) return undefined;
  return milli < 0n ? field.refuse('at least 0') : quantityAsNumber(field.value ?? null);
}
