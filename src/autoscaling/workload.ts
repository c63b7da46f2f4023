/** What makes pods in some manifests: what an autoscaler can scale, and what else has pods that its controller counts. Pure. */
import { decode, decodeKind } from '#kubernetes/decode.ts';
import { Field, Refusals } from '#kubernetes/field.ts';
import { type LimitRange, limitRangesIn } from '#kubernetes/limit-range.ts';
import { labelsOf, refuseBadMetadata } from '#kubernetes/names.ts';
import { called, groupAndVersion, type KubernetesObject } from '#kubernetes/objects.ts';
import { type PodCpu, podCpuOf } from '#kubernetes/pod-requests.ts';
import { refuseBadPod } from '#kubernetes/pod-rules.ts';
import { refuseBadRollout } from '#kubernetes/rollout-rules.ts';
import { type Selector, selectorOf } from '#kubernetes/selector.ts';

export type Workload = {
  readonly object: KubernetesObject;
  /** Whose template it is: its own, or that of the workload that it names. */
  readonly source: KubernetesObject;
  /** Whether it has replicas that an autoscaler could set. A custom resource is taken to have them. */
  readonly isScalable: boolean;
  readonly isCustom: boolean;
  /** What the manifest asks for; Kubernetes makes one where it says nothing. */
  readonly replicas: number | undefined;
  readonly cpu: PodCpu;
  readonly labels: ReadonlyMap<string, string>;
  readonly selects: Selector;
  /** What the API server refuses of it, and the fields that it does not know. */
  readonly refusals: Refusals;
};

export type Workloads = {
  readonly all: readonly Workload[];
  /** A sentence for each LimitRange that the API server would refuse. */
  readonly errors: readonly string[];
};

type Kind = {
  readonly version: string;
  /** Where the pod stands, from the root of the object. */
  readonly template: readonly string[];
  readonly isScalable: boolean;
};

const TEMPLATE = ['spec', 'template'];

/** The kinds of Kubernetes itself that make pods. Others, such as Rollout, are trusted if they have a template. */
const KINDS: ReadonlyMap<string, Kind> = new Map([
  ['apps/Deployment', { version: 'v1', template: TEMPLATE, isScalable: true }],
  ['apps/ReplicaSet', { version: 'v1', template: TEMPLATE, isScalable: true }],
  ['apps/StatefulSet', { version: 'v1', template: TEMPLATE, isScalable: true }],
  ['/ReplicationController', { version: 'v1', template: TEMPLATE, isScalable: true }],
  ['apps/DaemonSet', { version: 'v1', template: TEMPLATE, isScalable: false }],
  ['batch/Job', { version: 'v1', template: TEMPLATE, isScalable: false }],
  ['batch/CronJob', { version: 'v1', template: ['spec', 'jobTemplate', ...TEMPLATE], isScalable: false }],
  ['/Pod', { version: 'v1', template: [], isScalable: false }],
]);
const BUILT_IN_GROUPS: ReadonlySet<string> = new Set(['', 'apps', 'batch', 'extensions', 'autoscaling']);

export function workloadsOf(objects: readonly KubernetesObject[]): Workloads {
  const { byNamespace, errors } = limitRangesIn(objects);
  const all = objects.flatMap((object) => {
    const ranges = byNamespace.get(object.namespace) ?? [];
    const kind = KINDS.get(`${object.group}/${object.kind}`);
    if (kind !== undefined) return builtIn(object, kind, ranges);
    return BUILT_IN_GROUPS.has(object.group) ? [] : custom(object, objects, ranges);
  });
  return { all, errors };
}

function builtIn(object: KubernetesObject, kind: Kind, ranges: readonly LimitRange[]): Workload {
  const { group, version, value } = object;
  const refusals = new Refusals(called(object));
  const root = new Field(value, '', refusals);
  const served = group === '' ? kind.version : `${group}/${kind.version}`;
  if (version !== kind.version) {
    refusals.say(
      `its apiVersion is ${group === '' ? version : `${group}/${version}`}, which no Kubernetes serves any more: write ${served}.`,
    );
  }
  decodeKind(root, `${served} ${object.kind}`);
  refuseBadMetadata(root.at('metadata'));
  // Its pods have names of hosts.
  if (object.kind === 'StatefulSet' && object.name.includes('.'))
    root.at('metadata').at('name').refuse('a name without dots');
  const spec = root.at('spec');
  const template = kind.template.reduce((field, name) => field.at(name), root);
  const labels = labelsOf(template.at('metadata').at('labels'));
  const claimed = spec
    .at('volumeClaimTemplates')
    .list()
    .map((claim) => claim.at('metadata').at('name').text() ?? '');
  refuseBadPod(template.at('spec'), claimed);
  const cpu = podCpuOf(template.at('spec'), ranges);
  if (!kind.isScalable) {
    const selects = () => false;
    return {
      object,
      source: object,
      isScalable: false,
      isCustom: false,
      replicas: podsOf(spec),
      cpu,
      labels,
      selects,
      refusals,
    };
  }
  refuseBadRollout(spec, object.kind);
  const selector = spec.at('selector');
  const selects = object.kind === 'ReplicationController' ? selectorOfLabels(selector, labels) : selectorOf(selector);
  if (refusals.sentences.length === 0 && !selects(labels))
    refusals.say('its selector does not match the labels of its own template, so that it is refused.');
  const replicas = spec.at('replicas').integer();
  return { object, source: object, isScalable: true, isCustom: false, replicas, cpu, labels, selects, refusals };
}

/** A Job that is suspended, or runs none at once, has no pods. */
const podsOf = (spec: Field) => (spec.at('suspend').value === true ? 0 : spec.at('parallelism').integer());

/** A plain map of labels, by default those of the template. */
function selectorOfLabels(selector: Field, labels: ReadonlyMap<string, string>): Selector {
  const given = labelsOf(selector);
  const wanted = given.size > 0 ? given : labels;
  if (wanted.size === 0) selector.refuse('the labels of its pods, such as app: web');
  return withLabels(wanted);
}

const withLabels =
  (wanted: ReadonlyMap<string, string>): Selector =>
  (labels) =>
    wanted.size > 0 && [...wanted].every(([name, value]) => labels.get(name) === value);

/** A custom resource with a template of its own, or with that of the workload that it names. */
function custom(
  object: KubernetesObject,
  objects: readonly KubernetesObject[],
  ranges: readonly LimitRange[],
): readonly Workload[] {
  const refusals = new Refusals(called(object));
  const root = new Field(object.value, '', refusals);
  const source = Array.isArray(root.at('spec').at('template').at('spec').at('containers').value)
    ? object
    : namedIn(root.at('spec').at('workloadRef'), object, objects);
  if (source === undefined) return [];
  refuseBadMetadata(root.at('metadata'));
  const spec = new Field(source.value, '', refusals).at('spec');
  const template = spec.at('template');
  const selector = spec.at('selector');
  decode(template, 'PodTemplateSpec');
  refuseBadPod(template.at('spec'), []);
  const labels = labelsOf(template.at('metadata').at('labels'));
  return [
    {
      object,
      source,
      isScalable: true,
      isCustom: true,
      replicas: wholeNumber(root.at('spec').at('replicas').value),
      cpu: podCpuOf(template.at('spec'), ranges),
      labels,
      selects: customSelector(selector, labels),
      refusals,
    },
  ];
}

const wholeNumber = (value: unknown) => (typeof value === 'number' && Number.isInteger(value) ? value : undefined);

/** As in apps/v1, or a plain map as a DeploymentConfig has it. Where there is none its controller makes one, and the template's labels are what is known. */
function customSelector(selector: Field, labels: ReadonlyMap<string, string>): Selector {
  if (selector.at('matchLabels').isThere || selector.at('matchExpressions').isThere) return selectorOf(selector);
  const plain = labelsOf(selector);
  return withLabels(plain.size > 0 ? plain : labels);
}

function namedIn(
  ref: Field,
  { namespace }: KubernetesObject,
  objects: readonly KubernetesObject[],
): KubernetesObject | undefined {
  const [group] = groupAndVersion(ref.at('apiVersion').text() ?? '');
  const [kind, name] = [ref.at('kind').text(), ref.at('name').text()];
  return objects.find(
    (each) => each.group === group && each.kind === kind && each.name === name && each.namespace === namespace,
  );
}
