/** What makes pods in some manifests: what an autoscaler can scale, and what else has pods that its controller counts. Pure. */
import { decode, decodeKind } from '#kubernetes/decode.ts';
import { Field, Refusals } from '#kubernetes/field.ts';
import { type LimitRange, limitRangesIn } from '#kubernetes/limit-range.ts';
import { labelsOf, refuseBadMetadata } from '#kubernetes/names.ts';
import { called, groupAndVersion, type KubernetesObject } from '#kubernetes/objects.ts';
import { type PodCpu, podCpuOf } from '#kubernetes/pod-requests.ts';
import { refuseBadPod } from '#kubernetes/pod-rules.ts';
import { refuseBadCronJob, refuseBadRollout } from '#kubernetes/rollout-rules.ts';
import { type Selector, selectorOf, withLabels } from '#kubernetes/selector.ts';

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
  /** Where the pod stands, from the root of the object. */
  readonly template: readonly string[];
  readonly isScalable: boolean;
  /** Always holds where nothing is said. */
  readonly restartPolicies: readonly string[];
};

const TEMPLATE = ['spec', 'template'];
const ENDING = ['OnFailure', 'Never'];
const SCALABLE: Kind = { template: TEMPLATE, isScalable: true, restartPolicies: ['Always'] };

/** The kinds of Kubernetes itself that make pods, all of them of v1. Others, such as Rollout, are trusted if they have a template. */
const KINDS: ReadonlyMap<string, Kind> = new Map([
  ['apps/Deployment', SCALABLE],
  ['apps/ReplicaSet', SCALABLE],
  ['apps/StatefulSet', SCALABLE],
  ['/ReplicationController', SCALABLE],
  ['apps/DaemonSet', { ...SCALABLE, isScalable: false }],
  ['batch/Job', { template: TEMPLATE, isScalable: false, restartPolicies: ENDING }],
  ['batch/CronJob', { template: ['spec', 'jobTemplate', ...TEMPLATE], isScalable: false, restartPolicies: ENDING }],
  ['/Pod', { template: [], isScalable: false, restartPolicies: ['Always', ...ENDING] }],
]);
const BUILT_IN_GROUPS: ReadonlySet<string> = new Set(['', 'apps', 'batch', 'extensions', 'autoscaling']);

/** Whether there are pods of it now. Where no number is written there is one at least. */
export const hasPods = ({ replicas, refusals }: Workload) => replicas !== 0 && refusals.sentences.length === 0;

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

/** Those that none of the others has made: kubectl get all prints the pods of a Deployment beside it. */
export function notMade(workloads: readonly Workload[]): readonly Workload[] {
  const placeOf = (namespace: string, kind: unknown, name: unknown) => [namespace, kind, name].join('/');
  const makers = new Set(workloads.map(({ object }) => placeOf(object.namespace, object.kind, object.name)));
  return workloads.filter(({ object: { value, namespace } }) => {
    const owners = new Field(value, '', new Refusals('')).at('metadata').at('ownerReferences').list();
    return !owners.some((owner) => makers.has(placeOf(namespace, owner.at('kind').value, owner.at('name').value)));
  });
}

function builtIn(object: KubernetesObject, kind: Kind, ranges: readonly LimitRange[]): Workload {
  const { group, version, value } = object;
  const refusals = new Refusals(called(object));
  const root = new Field(value, '', refusals);
  const prefix = group === '' ? '' : `${group}/`;
  if (version !== 'v1')
    refusals.say(`its apiVersion is ${prefix}${version}, which no Kubernetes serves any more: write ${prefix}v1.`);
  decodeKind(root, `${prefix}v1 ${object.kind}`);
  refuseBadMetadata(root.at('metadata'));
  const pod = kind.template.reduce((field, name) => field.at(name), root);
  const labels = labelsOf(pod.at('metadata').at('labels'));
  refuseBadPod(pod.at('spec'), claimedIn(root));
  refuseBadRestartPolicy(pod.at('spec'), kind);
  const cpu = podCpuOf(pod.at('spec'), ranges);
  const { isScalable } = kind;
  return {
    object,
    source: object,
    isScalable,
    isCustom: false,
    cpu,
    labels,
    refusals,
    ...scalingOf(root, kind, labels),
  };
}

/** How many pods it makes, and which it takes for its own. */
function scalingOf(
  root: Field,
  { isScalable }: Kind,
  labels: Workload['labels'],
): Pick<Workload, 'replicas' | 'selects'> {
  const [spec, name] = [root.at('spec'), root.at('metadata').at('name')];
  const kind = root.at('kind').text() ?? '';
  if (kind === 'CronJob') refuseBadCronJob(spec);
  if (!isScalable && kind !== 'DaemonSet') return { replicas: podsOf(spec), selects: () => false };
  refuseBadRollout(spec, kind);
  if (kind === 'StatefulSet' && name.text()?.includes('.')) name.refuse('a name without dots: its pods are hosts');
  const selector = spec.at('selector');
  const selects = kind === 'ReplicationController' ? selectorOfLabels(selector, labels) : selectorOf(selector);
  if (root.refusals.sentences.length === 0 && !selects(labels))
    root.refusals.say('its selector does not match the labels of its own template, so that it is refused.');
  return { replicas: spec.at('replicas').integer(), selects };
}

/** Volumes that a StatefulSet claims for each of its pods. */
function claimedIn(root: Field): readonly string[] {
  if (root.at('kind').value !== 'StatefulSet') return [];
  const claims = root.at('spec').at('volumeClaimTemplates').list();
  return claims.map((claim) => claim.at('metadata').at('name').text() ?? '');
}

function refuseBadRestartPolicy(pod: Field, { restartPolicies }: Kind): void {
  const policy = pod.at('restartPolicy');
  const holds = policy.value === undefined || policy.value === '' ? 'Always' : policy.value;
  if (!restartPolicies.some((each) => each === holds)) policy.refuse(restartPolicies.join(' or '));
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

/** A custom resource with a template of its own, or with that of the workload that it names. */
function custom(
  object: KubernetesObject,
  objects: readonly KubernetesObject[],
  ranges: readonly LimitRange[],
): readonly Workload[] {
  const refusals = new Refusals(called(object));
  const root = new Field(object.value, '', refusals);
  const own = root.at('spec');
  const hasTemplate = Array.isArray(own.at('template').at('spec').at('containers').value);
  const source = hasTemplate ? object : namedIn(own.at('workloadRef'), object, objects);
  if (source === undefined) return [];
  refuseBadMetadata(root.at('metadata'));
  // What is wrong with a template is said of the object that it stands in.
  const spec = hasTemplate ? own : new Field(source.value, '', new Refusals(called(source))).at('spec');
  const template = spec.at('template');
  decode(template, 'PodTemplateSpec');
  refuseBadPod(template.at('spec'), []);
  const labels = labelsOf(template.at('metadata').at('labels'));
  const cpu = podCpuOf(template.at('spec'), ranges);
  const selects = customSelector(spec.at('selector'), labels);
  if (!hasTemplate) refusals.takeOver(spec.refusals);
  const replicas = wholeNumber(own.at('replicas').value);
  return [{ object, source, isScalable: true, isCustom: true, replicas, cpu, labels, selects, refusals }];
}

const wholeNumber = (value: unknown) => (typeof value === 'number' && Number.isInteger(value) ? value : undefined);

/** As in apps/v1, or a plain map as a DeploymentConfig has it. Where there is none its controller makes one, and the template's labels are what is known. */
function customSelector(selector: Field, labels: ReadonlyMap<string, string>): Selector {
  if (selector.at('matchLabels').isThere || selector.at('matchExpressions').isThere) return selectorOf(selector);
  const plain = labelsOf(selector);
  const wanted = plain.size > 0 ? plain : labels;
  return wanted.size > 0 ? withLabels(wanted) : () => false;
}

function namedIn(
  ref: Field,
  { namespace }: KubernetesObject,
  objects: readonly KubernetesObject[],
): KubernetesObject | undefined {
  if (!ref.isThere) return undefined;
  const [group] = groupAndVersion(ref.at('apiVersion').text() ?? '');
  const [kind, name] = [ref.at('kind').text(), ref.at('name').text()];
  return objects.find(
    (each) => each.group === group && each.kind === kind && each.name === name && each.namespace === namespace,
  );
}
