/** The autoscalers of some manifests: from files to the words of this room, each with its workload. Pure. */
import { granted, type Outcome, refused } from '#foundation/outcome.ts';
import { Field, Refusals } from '#kubernetes/field.ts';
import { called, groupAndVersion, type KubernetesObject, type ManifestFile, readObjects } from '#kubernetes/objects.ts';
import { type ContainerDefaults, NO_DEFAULTS, type PodCpu, podCpuOf } from '#kubernetes/pod-requests.ts';
import type { Milli } from '#kubernetes/quantity.ts';
import { labelsOf, type Selector, selectorOf } from '#kubernetes/selector.ts';
import { readDocuments } from '#kubernetes/yaml.ts';
import { type Autoscaler, autoscalerOf, type BehaviorParts, behaviorOf, type CpuMetric } from './autoscaler.ts';
import type { AutoscalerSpec, Measure } from './spec.ts';

export type ManifestParts = {
  readonly spec: AutoscalerSpec;
  /** Of the container that bears the load: the one that the metric names, or the first. `null` without one. */
  readonly limitCores: number | null;
  /** What the forecast leaves out, in a sentence each. */
  readonly notes: readonly string[];
};

/** One HorizontalPodAutoscaler that was found, whether it can be forecast or not. */
export type FoundAutoscaler = {
  readonly name: string;
  readonly namespace: string;
  readonly file: string;
  /** Refused in one sentence each for what keeps it from a forecast. */
  readonly parts: Outcome<ManifestParts, readonly string[]>;
};

export type ManifestReading = {
  readonly autoscalers: readonly FoundAutoscaler[];
  /** What could not be read at all, in a sentence each. */
  readonly errors: readonly string[];
  /** What is read, and perhaps not as it is meant. */
  readonly notes: readonly string[];
};

/** Reads everything that is given as `kubectl apply` would, each file by itself. */
export function readManifests(files: readonly ManifestFile[]): ManifestReading {
  const { objects, errors, notes } = readObjects(files);
  const workloads = workloadsOf(objects);
  const autoscalers = objects.filter(({ kind }) => kind === 'HorizontalPodAutoscaler');
  return {
    errors,
    notes,
    autoscalers: autoscalers.map((object) => ({
      name: object.name,
      namespace: object.namespace,
      file: object.file,
      parts: partsOf(object, { objects, workloads, autoscalers, errors }),
    })),
  };
}

/** @param text `spec.behavior` as JSON or YAML. Refuses what Kubernetes would. */
export function readBehavior(text: string): Outcome<BehaviorParts, readonly string[]> {
  const { documents, error } = readDocuments(text);
  if (error !== undefined) return refused([`this is not YAML: ${error}`]);
  const refusals = new Refusals('behavior');
  const behavior = behaviorOf(new Field(documents[0], '', refusals));
  const unknown = refusals.unknown.map((path) => `${path} is no field of it.`);
  const wrong = [...refusals.sentences, ...unknown];
  return wrong.length > 0 ? refused(wrong) : granted(behavior);
}

type Surroundings = {
  readonly objects: readonly KubernetesObject[];
  readonly workloads: readonly Workload[];
  readonly autoscalers: readonly KubernetesObject[];
  readonly errors: readonly string[];
};

function partsOf(object: KubernetesObject, given: Surroundings): Outcome<ManifestParts, readonly string[]> {
  const { autoscalers, errors } = given;
  const refusals = new Refusals(called(object));
  const twin = autoscalers.find((other) => other !== object && isSame(other, object));
  if (twin !== undefined) {
    const files = [...new Set([object.file, twin.file])].join(' and ');
    refusals.say(`it stands twice, in ${files}: give the file of the one that is meant.`);
  }
  const autoscaler = autoscalerOf(object, refusals);
  if (autoscaler === undefined || refusals.sentences.length > 0) return refused(refusals.sentences);
  const workload = targetIn(given, object, autoscaler, refusals);
  if (workload === undefined) {
    const [first, ...others] = errors;
    const more = others.length > 0 ? ` And ${others.length} more could not be read.` : '';
    const unread = first === undefined ? [] : [`Perhaps it stands in what could not be read. ${first}${more}`];
    return refused([...refusals.sentences, ...unread]);
  }
  if (workload.refusals.sentences.length > 0) return refused(workload.refusals.sentences);
  refuseRivals(object, workload, given, refusals);
  const measures = autoscaler.cpuMetrics.flatMap((metric) => measureOf(metric, workload, refusals) ?? []);
  const [first, ...rest] = measures;
  if (autoscaler.cpuMetrics.length === 0) {
    refusals.say(`it has no metric of cpu, only ${autoscaler.otherMetrics.join(', ')}; no other can be forecast.`);
  }
  if (refusals.sentences.length > 0 || first === undefined) return refused(refusals.sentences);
  const { minReplicas, maxReplicas, behavior } = autoscaler;
  return granted({
    limitCores: limitOf(autoscaler.cpuMetrics[0], workload),
    notes: notesOf(autoscaler, workload, given.workloads, refusals),
    spec: { minReplicas, maxReplicas, measures: [first, ...rest], ...behavior },
  });
}

const isSame = (a: KubernetesObject, b: KubernetesObject) =>
  a.group === b.group && a.kind === b.kind && a.namespace === b.namespace && a.name === b.name;

/** Something that has replicas with pods of one form. */
type Workload = {
  readonly object: KubernetesObject;
  readonly cpu: PodCpu;
  readonly labels: ReadonlyMap<string, string>;
  readonly selects: Selector;
  readonly refusals: Refusals;
};

/** The kinds that Kubernetes itself can scale, with the versions that it serves. Others, such as Rollout, are trusted if they have a template. */
const SCALABLE: Readonly<Record<string, string>> = {
  'apps/Deployment': 'v1',
  'apps/ReplicaSet': 'v1',
  'apps/StatefulSet': 'v1',
  '/ReplicationController': 'v1',
};
const BUILT_IN_GROUPS: ReadonlySet<string> = new Set(['', 'apps', 'batch', 'extensions']);

function workloadsOf(objects: readonly KubernetesObject[]): readonly Workload[] {
  return objects.flatMap((object) => {
    const refusals = new Refusals(called(object));
    const key = `${object.group}/${object.kind}`;
    const served = SCALABLE[key];
    if (served === undefined && BUILT_IN_GROUPS.has(object.group)) return [];
    const root = new Field(object.value, '', refusals);
    const source = served === undefined ? templateHolder(object, objects, refusals) : root;
    if (source === undefined) return [];
    if (served !== undefined && object.version !== served) {
      refusals.say(
        `its apiVersion is ${object.group}/${object.version}, which no Kubernetes serves any more: write ${object.group}/${served}.`,
      );
    }
    return [workloadOf(object, root.at('spec'), source.at('spec'), objects)];
  });
}

/** A custom resource with a template of its own, or with that of the workload that it names. */
function templateHolder(
  object: KubernetesObject,
  objects: readonly KubernetesObject[],
  refusals: Refusals,
): Field | undefined {
  const root = new Field(object.value, '', refusals);
  if (Array.isArray(root.at('spec').at('template').at('spec').at('containers').value)) return root;
  const ref = root.at('spec').at('workloadRef');
  const [group] = groupAndVersion(ref.at('apiVersion').text() ?? '');
  const [kind, name] = [ref.at('kind').text(), ref.at('name').text()];
  const named = objects.find(
    (each) => each.group === group && each.kind === kind && each.name === name && each.namespace === object.namespace,
  );
  return named === undefined ? undefined : new Field(named.value, '', refusals);
}

function workloadOf(
  object: KubernetesObject,
  spec: Field,
  source: Field,
  objects: readonly KubernetesObject[],
): Workload {
  const { refusals } = spec;
  const replicas = spec.at('replicas').integer();
  if (replicas !== undefined && replicas < 0) spec.at('replicas').refuse('at least 0');
  const template = source.at('template');
  const labels = labelsOf(template.at('metadata').at('labels'));
  const selector = source.at('selector');
  const isReplicationController = object.kind === 'ReplicationController';
  const selects = isReplicationController ? selectorOfLabels(selector, labels) : selectorOf(selector);
  if (!isReplicationController && !selector.isThere)
    selector.refuse('the labels of its pods, such as matchLabels: {app: web}');
  else if (!selects(labels))
    refusals.say('its selector does not match the labels of its own template, so that it is refused.');
  if (!/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(object.namespace)) {
    new Field(object.namespace, 'metadata.namespace', refusals).refuse('a name of small letters, digits and dashes');
  }
  return {
    object,
    cpu: podCpuOf(template.at('spec'), defaultsIn(object.namespace, objects)),
    labels,
    selects,
    refusals,
  };
}

/** A plain map of labels, by default those of the template. */
function selectorOfLabels(selector: Field, labels: ReadonlyMap<string, string>): Selector {
  const wanted = selector.isThere ? labelsOf(selector) : labels;
  return (given) => [...wanted].every(([name, value]) => given.get(name) === value);
}

function defaultsIn(namespace: string, objects: readonly KubernetesObject[]): ContainerDefaults {
  const range = objects.find((each) => each.kind === 'LimitRange' && each.group === '' && each.namespace === namespace);
  if (range === undefined) return NO_DEFAULTS;
  const limits = new Field(range.value, '', new Refusals(called(range))).at('spec').at('limits').list();
  const container = limits.find((each) => each.at('type').value === 'Container');
  if (container === undefined) return NO_DEFAULTS;
  const cpu = (name: string) => container.at(name).at('cpu').quantity();
  return { request: cpu('defaultRequest'), limit: cpu('default'), most: cpu('max') };
}

function targetIn(
  { workloads, objects }: Pick<Surroundings, 'workloads' | 'objects'>,
  { namespace }: KubernetesObject,
  { target }: Autoscaler,
  refusals: Refusals,
): Workload | undefined {
  const [group] = groupAndVersion(target.apiVersion);
  const named = workloads.filter(
    ({ object }) => object.kind === target.kind && object.name === target.name && object.group === group,
  );
  const [found, twin] = named.filter(({ object }) => object.namespace === namespace);
  if (found !== undefined && twin === undefined) return found;
  const what = `${target.kind} ${target.name}`;
  if (found !== undefined && twin !== undefined) {
    const files = [...new Set([found.object.file, twin.object.file])].join(' and ');
    refusals.say(`it scales ${what}, which stands twice, in ${files}: give the file of the one that is meant.`);
    return undefined;
  }
  const elsewhere = named.map(({ object }) => `${object.namespace} (${object.file})`);
  const alike = objects.find(
    (each) =>
      each.namespace === namespace &&
      each.name === target.name &&
      each.kind.toLowerCase() === target.kind.toLowerCase(),
  );
  if (elsewhere.length > 0) {
    refusals.say(
      `it scales ${what} in its own namespace, ${namespace}, and there is one only in ${elsewhere.join(', ')}.`,
    );
  } else if (alike === undefined) {
    refusals.say(`it scales ${what} of ${target.apiVersion}, which is not in what was given: give its file too.`);
  } else if (alike.kind === target.kind && alike.group === group) {
    refusals.say(`it scales ${what} (${alike.file}), which has no replicas that an autoscaler could set.`);
  } else {
    const version = alike.group === '' ? alike.version : `${alike.group}/${alike.version}`;
    refusals.say(
      `it scales ${what} of ${target.apiVersion}, and what is in ${alike.file} is ${alike.kind} ${alike.name} of ${version}: write that in spec.scaleTargetRef.`,
    );
  }
  return undefined;
}

/** The controller finds pods by labels alone: whatever matches counts, whoever made it. */
const podsOfOthers = (workload: Workload, workloads: readonly Workload[]) =>
  workloads.filter(
    (other) =>
      other !== workload &&
      other.object.namespace === workload.object.namespace &&
      other.object.kind !== 'Rollout' &&
      workload.selects(other.labels),
  );

/** Two autoscalers that find the same pods stop each other: AmbiguousSelector. */
function refuseRivals(object: KubernetesObject, workload: Workload, given: Surroundings, refusals: Refusals): void {
  for (const other of given.autoscalers) {
    if (other === object || isSame(other, object) || other.namespace !== object.namespace) continue;
    const silent = new Refusals(called(other));
    const rival = autoscalerOf(other, silent);
    const target = rival && targetIn(given, other, rival, silent);
    if (target === undefined || (!workload.selects(target.labels) && !target.selects(workload.labels))) continue;
    refusals.say(
      `HorizontalPodAutoscaler ${other.name} (${other.file}) finds the same pods, so that neither of the two scales: AmbiguousSelector.`,
    );
  }
}

function measureOf({ container, target }: CpuMetric, workload: Workload, refusals: Refusals): Measure | undefined {
  if ('milli' in target) return { type: 'average', targetCores: coresOf(target.milli) };
  const { containers, request } = workload.cpu;
  if (container === undefined) return utilization(request, target.percent, workload, refusals);
  const named = containers.find(({ name }) => name === container);
  if (named === undefined) {
    const names = containers.map(({ name }) => name).join(', ');
    refusals.say(
      `its metric looks at container ${container}, which ${inBrackets(workload.object)} does not have; it has ${names}.`,
    );
    return undefined;
  }
  return utilization(named.request ?? { missing: `container ${container}` }, target.percent, workload, refusals);
}

function utilization(
  request: PodCpu['request'],
  targetPercent: number,
  { object }: Workload,
  refusals: Refusals,
): Measure | undefined {
  if (typeof request === 'bigint' && request > 0n)
    return { type: 'utilization', requestCores: coresOf(request), targetPercent };
  const why = typeof request === 'bigint' ? 'requests no CPU at all' : `has no CPU request for ${request.missing}`;
  refusals.say(
    `${inBrackets(object)} ${why}, so that the autoscaler has nothing to divide by and never scales. Set resources.requests.cpu there.`,
  );
  return undefined;
}

const inBrackets = ({ kind, name, file }: KubernetesObject) => `${kind} ${name} (${file})`;

const coresOf = (milli: Milli) => Number(milli) / 1000;

function limitOf(metric: CpuMetric | undefined, { cpu }: Workload): number | null {
  const bearer = cpu.containers.find(({ name, isInit }) =>
    metric?.container === undefined ? !isInit : name === metric.container,
  );
  const limits = [bearer?.limit, cpu.limit].filter((limit) => limit !== undefined);
  return limits.length === 0 ? null : coresOf(limits.toSorted((a, b) => Number(a - b))[0] ?? 0n);
}

function notesOf(
  autoscaler: Autoscaler,
  workload: Workload,
  workloads: readonly Workload[],
  refusals: Refusals,
): readonly string[] {
  const { otherMetrics, cpuMetrics } = autoscaler;
  const others = podsOfOthers(workload, workloads).map(({ object }) => called(object));
  return [
    ...(otherMetrics.length > 0
      ? [`It looks at more than cpu (${otherMetrics.join(', ')}), which may want more replicas.`]
      : []),
    ...(cpuMetrics.some(({ container }) => container !== undefined)
      ? ['The load is taken to run in the container that the metric names.']
      : []),
    ...(others.length > 0
      ? [
          `The pods of ${others.join(', ')} have the labels that the controller looks for, so that it counts them too; the forecast does not.`,
        ]
      : []),
    ...(refusals.unknown.length > 0
      ? [
          `There are fields that Kubernetes does not know: ${refusals.unknown.join(', ')}. kubectl apply refuses them, Helm drops them; the forecast does without.`,
        ]
      : []),
  ];
}
