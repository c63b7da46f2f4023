/** The autoscalers of some manifests: from files to the words of this room, each with its workload. Pure. */
import { granted, type Outcome, refused } from '#foundation/outcome.ts';
import { decode } from '#kubernetes/decode.ts';
import { Field, Refusals } from '#kubernetes/field.ts';
import { called, type KubernetesObject, type ManifestFile, readObjects } from '#kubernetes/objects.ts';
import type { ContainerCpu } from '#kubernetes/pod-requests.ts';
import type { Milli } from '#kubernetes/quantity.ts';
import { readDocuments } from '#kubernetes/yaml.ts';
import { type Autoscaler, type BehaviorParts, behaviorOf, type CpuMetric } from './autoscaler.ts';
import type { AutoscalerSpec, Measure } from './spec.ts';
import { type Candidate, candidateOf, isSame, podsOfOthers, rivalsOf } from './target.ts';
import { notMade, type Workload, workloadsOf } from './workload.ts';

export type ManifestParts = {
  readonly spec: AutoscalerSpec;
  /** What the workload asks for; `null` where it says nothing. At 0 the autoscaler does nothing. */
  readonly replicas: number | null;
  /** Of the container that bears the load: the one that the metric names, or the first. `null` without one. */
  readonly limitCores: number | null;
  /** Whether that container is a SkyOps, which keeps some of its limit free for its probes; others use all of it. */
  readonly isSkyOps: boolean;
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
  const candidates = objects
    .filter(({ kind }) => kind === 'HorizontalPodAutoscaler')
    .map((object) => candidateOf(object, objects, workloads.all));
  const taken = candidates.filter(({ autoscaler }) => autoscaler !== undefined);
  const surroundings = {
    workloads: notMade(workloads.all),
    errors,
    candidates: taken,
    rivals: rivalsOf(taken, workloads.all),
  };
  return {
    errors: [...errors, ...workloads.errors],
    notes,
    autoscalers: candidates.map((candidate) => ({
      name: candidate.object.name,
      namespace: candidate.object.namespace,
      file: candidate.object.file,
      parts: partsOf(candidate, surroundings),
    })),
  };
}

/** @param text `spec.behavior` as JSON or YAML, from the option --behavior. Refuses what Kubernetes would. */
export function readBehavior(text: string): Outcome<BehaviorParts, readonly string[]> {
  const { documents, error } = readDocuments(text);
  if (error !== undefined) return refused([`--behavior is not YAML: ${error}.`]);
  const [document, second] = documents;
  if (document === undefined || second !== undefined)
    return refused(['--behavior must be one map, such as {"scaleDown": {"stabilizationWindowSeconds": 60}}.']);
  const refusals = new Refusals('--behavior');
  const field = new Field(document, '', refusals);
  decode(field, 'HorizontalPodAutoscalerBehavior');
  const behavior = behaviorOf(field);
  const unknown = refusals.unknownFields.map((each) => `--behavior: ${each} is no field of it.`);
  const wrong = [...refusals.sentences, ...unknown];
  return wrong.length > 0 ? refused(wrong) : granted(behavior);
}

type Surroundings = {
  readonly workloads: readonly Workload[];
  readonly errors: readonly string[];
  readonly candidates: readonly Candidate[];
  readonly rivals: ReadonlyMap<Candidate, readonly Candidate[]>;
};

function partsOf(candidate: Candidate, given: Surroundings): Outcome<ManifestParts, readonly string[]> {
  const { object, refusals, autoscaler, workload } = candidate;
  const refusedWith = (more: readonly string[] = []) =>
    refused([...refusals.sentences, ...more, ...refusals.unknownSentences]);
  if (autoscaler === undefined) return refusedWith();
  const twin = given.candidates.find((other) => other !== candidate && isSame(other.object, object));
  if (twin !== undefined) {
    const files = [...new Set([object.file, twin.object.file])].join(' and ');
    refusals.say(`it stands twice, in ${files}: give the file of the one that is meant.`);
  }
  if (workload === undefined) {
    const [first, ...others] = given.errors;
    const more = others.length > 0 ? ` And ${others.length} more could not be read.` : '';
    return refusedWith(first === undefined ? [] : [`Perhaps it stands in what could not be read. ${first}${more}`]);
  }
  if (workload.refusals.sentences.length > 0)
    return refusedWith([...workload.refusals.sentences, ...workload.refusals.unknownSentences]);
  const [rival, ...more] = (given.rivals.get(candidate) ?? []).filter((other) => !isSame(other.object, object));
  if (rival !== undefined) {
    const also = more.length > 0 ? ` (and ${more.length} more)` : '';
    refusals.say(
      `HorizontalPodAutoscaler ${rival.object.name} (${rival.object.file})${also} finds the same pods, so that none of them scales: AmbiguousSelector.`,
    );
  }
  const others = podsOfOthers(workload, given.workloads);
  const measures = autoscaler.cpuMetrics.flatMap((metric) => measureOf(metric, workload, others, refusals) ?? []);
  const [first, ...rest] = measures;
  if (autoscaler.cpuMetrics.length === 0) {
    refusals.say(`it has no metric of cpu, only ${autoscaler.otherMetrics.join(', ')}; no other can be forecast.`);
  }
  if (refusals.sentences.length > 0 || first === undefined) return refusedWith(workload.refusals.unknownSentences);
  const { minReplicas, maxReplicas, behavior } = autoscaler;
  const bearer = bearerOf(autoscaler.cpuMetrics[0], workload);
  return granted({
    replicas: workload.replicas ?? null,
    limitCores: limitOf(bearer, workload),
    isSkyOps: SKYOPS.test(bearer?.image ?? ''),
    notes: notesOf(autoscaler, workload, others, refusals),
    spec: { minReplicas, maxReplicas, measures: [first, ...rest], ...behavior },
  });
}

function measureOf(
  metric: CpuMetric,
  workload: Workload,
  others: readonly Workload[],
  refusals: Refusals,
): Measure | undefined {
  const { container, target } = metric;
  if ('milli' in target) return { type: 'average', targetCores: coresOf(target.milli) };
  const request = requestOf(workload, container);
  if (typeof request === 'string') return refusals.say(`${inBrackets(workload.object)} ${request}`);
  for (const other of others) {
    const why = requestOf(other, container);
    if (typeof why !== 'string') continue;
    return refusals.say(
      `the pods of ${inBrackets(other.object)} have the labels that its controller looks for, and that one ${why}`,
    );
  }
  return { type: 'utilization', requestCores: coresOf(request), targetPercent: target.percent };
}

/** What is divided by; a text says why there is nothing, to follow the workload. */
function requestOf({ cpu }: Workload, container: string | undefined): Milli | string {
  const named = cpu.containers.find(({ name }) => name === container);
  if (container !== undefined && named === undefined) {
    const names = cpu.containers.map(({ name }) => name).join(', ');
    return `has no container ${container}, at which the metric looks; it has ${names}.`;
  }
  const request = named === undefined ? cpu.request : (named.request ?? { missing: `container ${named.name}` });
  if (typeof request === 'bigint' && request > 0n) return request;
  const why = typeof request === 'bigint' ? 'requests no CPU at all' : `has no CPU request for ${request.missing}`;
  return `${why}, so that the autoscaler has nothing to divide by and never scales. Set resources.requests.cpu there.`;
}

const coresOf = (milli: Milli) => Number(milli) / 1000;

/** By the name that the image has in k8s/, wherever it was pushed to. */
const SKYOPS = /(^|\/)skyops([:@]|$)/;

/** The container that bears the load: the one that the metric names, or the first. */
const bearerOf = (metric: CpuMetric | undefined, { cpu }: Workload): ContainerCpu | undefined =>
  cpu.containers.find(({ name, isInit }) => (metric?.container === undefined ? !isInit : name === metric.container));

function limitOf(bearer: ContainerCpu | undefined, { cpu }: Workload): number | null {
  const limits = [bearer?.limit, cpu.limit].filter((limit) => limit !== undefined);
  return limits.length === 0 ? null : coresOf(limits.toSorted((a, b) => Number(a - b))[0] ?? 0n);
}

function notesOf(
  autoscaler: Autoscaler,
  workload: Workload,
  others: readonly Workload[],
  refusals: Refusals,
): readonly string[] {
  const { otherMetrics, cpuMetrics, minReplicas, maxReplicas } = autoscaler;
  const { object, replicas = minReplicas, isCustom } = workload;
  const unknown = [...refusals.unknownSentences, ...workload.refusals.unknownSentences];
  const notes = unknown.map(
    (each) => `${each} kubectl apply refuses that, the API server alone drops it; the forecast does without.`,
  );
  if (otherMetrics.length > 0)
    notes.push(`It looks at more than cpu (${otherMetrics.join(', ')}), which may want more replicas.`);
  if (cpuMetrics.some(({ container }) => container !== undefined))
    notes.push('The load is taken to run in the container that the metric names.');
  if (others.length > 0) {
    const names = others.map((other) => called(other.object)).join(', ');
    notes.push(
      `The pods of ${names} have the labels that the controller looks for, so that it counts them too; the forecast does not.`,
    );
  }
  if (object.kind === 'StatefulSet' && !isParallel(object))
    notes.push('A StatefulSet starts its pods one after the other; the forecast starts them at once.');
  if (isCustom)
    notes.push(
      `${object.kind} of ${object.group} is no kind of Kubernetes itself: it is taken to be one that can be scaled.`,
    );
  if (replicas > maxReplicas || (replicas < minReplicas && replicas > 0)) {
    const bound = replicas > maxReplicas ? maxReplicas : minReplicas;
    notes.push(`${inBrackets(object)} asks for ${replicas} replicas; the autoscaler makes ${bound} of them at once.`);
  }
  if (minReplicas === 0)
    notes.push('minReplicas is 0: Kubernetes before 1.37 refuses that, and from 0 only the other metrics start a pod.');
  return notes;
}

const isParallel = ({ value }: KubernetesObject) =>
  new Field(value, '', new Refusals('')).at('spec').at('podManagementPolicy').value === 'Parallel';

const inBrackets = ({ kind, name, file }: KubernetesObject) => `${kind} ${name} (${file})`;
