/** Which workload each autoscaler scales, whose pods it finds besides, and which autoscalers stop each other. Pure. */
import { Refusals } from '#kubernetes/field.ts';
import { called, groupAndVersion, type KubernetesObject } from '#kubernetes/objects.ts';
import { type Autoscaler, autoscalerOf } from './autoscaler.ts';
import { hasPods, type Workload } from './workload.ts';

/** An autoscaler and what it scales, as far as either is there and taken. */
export type Candidate = {
  readonly object: KubernetesObject;
  readonly refusals: Refusals;
  readonly autoscaler: Autoscaler | undefined;
  readonly workload: Workload | undefined;
};

export function candidateOf(
  object: KubernetesObject,
  objects: readonly KubernetesObject[],
  workloads: readonly Workload[],
): Candidate {
  const refusals = new Refusals(called(object));
  const autoscaler = autoscalerOf(object, refusals);
  if (autoscaler === undefined || refusals.sentences.length > 0)
    return { object, refusals, autoscaler: undefined, workload: undefined };
  return { object, refusals, autoscaler, workload: targetIn(workloads, objects, object, autoscaler, refusals) };
}

export const isSame = (a: KubernetesObject, b: KubernetesObject) =>
  a.group === b.group && a.kind === b.kind && a.namespace === b.namespace && a.name === b.name;

function targetIn(
  workloads: readonly Workload[],
  objects: readonly KubernetesObject[],
  { namespace }: KubernetesObject,
  { target }: Autoscaler,
  refusals: Refusals,
): Workload | undefined {
  const [group] = groupAndVersion(target.apiVersion);
  const named = workloads.filter(
    ({ object, isScalable }) =>
      isScalable && object.kind === target.kind && object.name === target.name && object.group === group,
  );
  const here = named.filter(({ object }) => object.namespace === namespace);
  // What the API server refuses stands beside nothing.
  const taken = here.filter((each) => each.refusals.sentences.length === 0);
  const [found, twin] = taken.length > 0 ? taken : here;
  if (found !== undefined && twin === undefined) return found;
  // A blank at the end would not be seen.
  const what = `${target.kind} ${/\s/.test(target.name) ? JSON.stringify(target.name) : target.name}`;
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
    const why = alike.group.includes('.')
      ? 'in which there is no template of a pod (spec.template.spec.containers), so that its request is not known'
      : 'which has no replicas that an autoscaler could set';
    refusals.say(`it scales ${what} (${alike.file}), ${why}.`);
  } else {
    const version = alike.group === '' ? alike.version : `${alike.group}/${alike.version}`;
    refusals.say(
      `it scales ${what} of ${target.apiVersion}, and what is in ${alike.file} is ${alike.kind} ${alike.name} of ${version}: write that in spec.scaleTargetRef.`,
    );
  }
  return undefined;
}

/** Pods of others that the controller finds: by labels alone, not by what made them. */
export const podsOfOthers = (workload: Workload, workloads: readonly Workload[]) =>
  workloads.filter(
    (other) =>
      other !== workload &&
      other.object !== workload.source &&
      other.source !== workload.object &&
      other.object.namespace === workload.object.namespace &&
      hasPods(other) &&
      workload.selects(other.labels),
  );

/** Autoscalers that find the same pods stop each other: AmbiguousSelector. @returns for each a group that it is in. */
export function rivalsOf(
  candidates: readonly Candidate[],
  workloads: readonly Workload[],
): ReadonlyMap<Candidate, readonly Candidate[]> {
  const rivals = new Map<Candidate, readonly Candidate[]>();
  // One whose target has no pods is off, and looks for none.
  const looking = candidates.filter(
    ({ workload, autoscaler }) => workload !== undefined && (hasPods(workload) || autoscaler?.minReplicas === 0),
  );
  for (const { object, labels } of workloads.filter(hasPods)) {
    const finding = looking.filter(
      (each) => each.object.namespace === object.namespace && each.workload?.selects(labels) === true,
    );
    const hasOthers = finding.some((each) => !isSame(each.object, finding[0]?.object ?? each.object));
    if (hasOthers) for (const one of finding) rivals.set(one, finding);
  }
  return rivals;
}
