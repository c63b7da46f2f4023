/**
 * What one pod of a workload requests, as the autoscaler's controller reckons it: after the defaults that a pod gets when it is made.
 * @see k8s.io/kubernetes, pkg/controller/podautoscaler/replica_calculator.go, calculateRequests
 */
import type { Field } from './field.ts';
import { type LimitRange, refuseByRanges, withDefaults } from './limit-range.ts';
import type { Milli } from './quantity.ts';
import {
  type Amounts,
  added,
  amountsOf,
  isOfPods,
  isShared,
  larger,
  type Resources,
  refuseImbalance,
  resourcesOf,
  shownAmount,
} from './resources.ts';

type Container = {
  readonly name: string;
  readonly image: string;
  readonly isInit: boolean;
  readonly isSidecar: boolean;
  /** With the defaults that it gets. */
  readonly resources: Resources;
};

/** Its CPU, in thousandths of a core. */
export type ContainerCpu = Pick<Container, 'name' | 'image' | 'isInit'> & {
  readonly request: Milli | undefined;
  readonly limit: Milli | undefined;
};

export type PodCpu = {
  /** Containers that run as long as the pod does. */
  readonly containers: readonly ContainerCpu[];
  /** What the controller divides by, or why it cannot. */
  readonly request: Milli | Missing;
  /** The most that the pod may use; `undefined` without a limit. */
  readonly limit: Milli | undefined;
};

/** The container that has no request, or the pod. */
type Missing = { readonly missing: string };

/** @param spec the pod's: `spec.template.spec` of a workload. Refuses what the API server, or a LimitRange, would of requests and limits. */
export function podCpuOf(spec: Field, ranges: readonly LimitRange[]): PodCpu {
  const claims = new Set(
    spec
      .at('resourceClaims')
      .list()
      .map((each) => each.at('name').value),
  );
  const read = (list: Field, isInit: boolean) => list.list().map((each) => containerOf(each, isInit, claims, ranges));
  const all = [...read(spec.at('containers'), false), ...read(spec.at('initContainers'), true)];
  const lasting = all
    .filter(({ isInit, isSidecar }) => !isInit || isSidecar)
    .map(({ name, image, isInit, resources: { requests, limits } }) => ({
      name,
      image,
      isInit,
      request: requests.get('cpu'),
      limit: limits.get('cpu'),
    }));
  const pod = podLevelOf(spec, all, ranges);
  const limits = lasting.map(({ limit }) => limit);
  return {
    containers: lasting,
    request: pod.request ?? sumOf(lasting),
    limit: pod.limit ?? (limits.some((limit) => limit === undefined) ? undefined : total(limits)),
  };
}

function containerOf(
  field: Field,
  isInit: boolean,
  claims: ReadonlySet<unknown>,
  ranges: readonly LimitRange[],
): Container {
  const name = field.at('name').text() ?? '';
  const place = field.at('resources');
  const own = resourcesOf(place);
  refuseImbalance(own, place);
  for (const claim of place.at('claims').list()) {
    if (!claims.has(claim.at('name').value)) claim.at('name').refuse('a name in the resourceClaims of the pod');
  }
  const resources = withDefaults(own, ranges);
  refuseDefaultsBelow(resources, own, name, field);
  refuseByRanges(resources, ranges, 'Container', `container ${name}`, field.refusals);
  const image = field.at('image').text() ?? '';
  return { name, image, isInit, isSidecar: isInit && field.at('restartPolicy').value === 'Always', resources };
}

/** What a LimitRange has added stands in no field of the container. */
function refuseDefaultsBelow({ requests, limits }: Resources, own: Resources, name: string, field: Field): void {
  for (const [resource, request] of requests) {
    const limit = limits.get(resource);
    const isWritten = own.requests.has(resource) && own.limits.has(resource);
    if (isWritten || limit === undefined || request <= limit) continue;
    const [asked, most] = [shownAmount(resource, request), shownAmount(resource, limit)];
    field.refusals.say(
      `the LimitRange of its namespace leaves container ${name} a request of ${asked} ${resource} and a limit of ${most}: write both.`,
    );
  }
}

/**
 * `spec.resources` of the pod, which counts since Kubernetes 1.34: where it requests anything, it is the whole; where it limits alone, the
 * request is made of the containers' when the pod is made.
 */
type PodLevel = { readonly request?: Milli | Missing; readonly limit?: Milli | undefined };

function podLevelOf(spec: Field, containers: readonly Container[], ranges: readonly LimitRange[]): PodLevel {
  const field = spec.at('resources');
  const own = resourcesOf(field);
  refuseImbalance(own, field);
  if (field.at('claims').isThere) field.at('claims').refuse('left out: only a container can have it');
  const overhead = amountsOf(spec.at('overhead')).get('cpu') ?? 0n;
  const needed = aggregateOf(containers, 'requests');
  refuseTooLittle(own, needed, containers, field);
  const isSet = own.requests.size + own.limits.size > 0;
  const made = isSet ? { requests: madeOf(own, needed), limits: own.limits } : own;
  const requests = new Map([...needed, ...made.requests]);
  const limits = new Map([...aggregateOf(containers, 'limits'), ...made.limits]);
  refuseByRanges({ requests, limits }, ranges, 'Pod', 'pods', spec.refusals);
  if (!isSet) return {};
  const request = made.requests.get('cpu');
  return { request: request === undefined ? { missing: 'the pod' } : request + overhead, limit: own.limits.get('cpu') };
}

/** What is written; else what the containers need of cpu and memory; else the limit. */
const madeOf = (own: Resources, needed: Amounts): Amounts =>
  new Map([...own.limits, ...[...needed].filter(([name]) => name === 'cpu' || name === 'memory'), ...own.requests]);

function refuseTooLittle(own: Resources, needed: Amounts, containers: readonly Container[], field: Field): void {
  for (const which of ['requests', 'limits'] as const) {
    for (const [name, amount] of own[which]) {
      const place = field.at(which).at(name);
      if (!isOfPods(name)) place.refuse('left out: a pod as a whole has cpu, memory and hugepages alone');
      // Without a request of its own the pod gets that of its containers, which its limit must allow.
      const isMade = which === 'requests' || !own.requests.has(name);
      const least = isMade && isShared(name) ? needed.get(name) : undefined;
      if (least !== undefined && amount < least)
        place.refuse(`at least ${shownAmount(name, least)}, which its containers request together`);
      const isAbove = ({ isInit, resources }: Container) => !isInit && (resources.limits.get(name) ?? 0n) > amount;
      const above = which === 'limits' && containers.find(isAbove);
      if (above) place.refuse(`at least the limit of container ${above.name}`);
    }
  }
}

/** What the scheduler needs for them: all that last, or the largest moment of the start. */
function aggregateOf(containers: readonly Container[], which: 'requests' | 'limits'): Amounts {
  let lasting: Amounts = new Map();
  let sidecars: Amounts = new Map();
  let most: Amounts = new Map();
  for (const { isInit, isSidecar, resources } of containers) {
    const amounts = resources[which];
    if (!isInit || isSidecar) lasting = added(lasting, amounts);
    if (isSidecar) sidecars = added(sidecars, amounts);
    if (isInit) most = larger(most, isSidecar ? sidecars : added(sidecars, amounts));
  }
  return larger(lasting, most);
}

function sumOf(containers: readonly ContainerCpu[]): Milli | Missing {
  const without = containers.find(({ request }) => request === undefined);
  return without === undefined
    ? total(containers.map(({ request }) => request))
    : { missing: `container ${without.name}` };
}

const total = (amounts: readonly (Milli | undefined)[]): Milli =>
  amounts.reduce<Milli>((sum, amount) => sum + (amount ?? 0n), 0n);
