/**
 * What one pod of a workload requests, as the autoscaler's controller reckons it: after the defaults that a pod gets when it is made.
 * @see k8s.io/kubernetes, pkg/controller/podautoscaler/replica_calculator.go, calculateRequests
 */
import type { Field } from './field.ts';
import type { Milli } from './quantity.ts';

/** In thousandths of a core; a key that is there with null is zero, as the API server has it. */
type Cpu = { readonly request: Milli | undefined; readonly limit: Milli | undefined };

type Container = Cpu & { readonly name: string; readonly isInit: boolean; readonly isSidecar: boolean };

export type PodCpu = {
  /** Containers that run as long as the pod does. */
  readonly containers: readonly Container[];
  /** What the controller divides by, or why it cannot. */
  readonly request: Milli | Missing;
  /** The most that the pod may use; `undefined` without a limit. */
  readonly limit: Milli | undefined;
};

/** The container that has no request, or the pod. */
type Missing = { readonly missing: string };

/** What a LimitRange of the namespace gives containers that say nothing. */
export type ContainerDefaults = Cpu & { readonly most: Milli | undefined };

export const NO_DEFAULTS: ContainerDefaults = { request: undefined, limit: undefined, most: undefined };

/** @param spec the pod's: `spec.template.spec` of a workload. Refuses what the API server would of names, types, requests and limits. */
export function podCpuOf(spec: Field, defaults: ContainerDefaults): PodCpu {
  const regular = spec.at('containers').list();
  if (regular.length === 0) spec.at('containers').refuse('a list of at least one container');
  const all = [
    ...regular.map((each) => containerOf(each, false, defaults)),
    ...spec
      .at('initContainers')
      .list()
      .map((each) => containerOf(each, true, defaults)),
  ];
  refuseTwins(all, spec);
  const lasting = all.filter(({ isInit, isSidecar }) => !isInit || isSidecar);
  const pod = podLevelOf(spec, all);
  const limits = lasting.map(({ limit }) => limit);
  return {
    containers: lasting,
    request: pod.request ?? sumOf(lasting),
    limit: pod.limit ?? (limits.some((limit) => limit === undefined) ? undefined : total(limits)),
  };
}

function containerOf(field: Field, isInit: boolean, defaults: ContainerDefaults): Container {
  field.map();
  const name = field.at('name').text();
  if (name === undefined || name === '') field.at('name').refuse('the name of the container');
  if (field.at('image').text() === undefined) field.at('image').refuse('the image of the container');
  for (const variable of field.at('env').list()) variable.at('value').text();
  const restart = field.at('restartPolicy').oneOf(['Always', 'Never', 'OnFailure']);
  const resources = field.at('resources');
  const own = cpuOf(resources);
  const limit = own.limit ?? defaults.limit;
  // From its own limit first: a default of the namespace only fills what is left.
  const request = own.request ?? own.limit ?? defaults.request ?? limit;
  if (request !== undefined && limit !== undefined && request > limit) {
    resources.at('requests').at('cpu').refuse(`at most the limit, which is ${limit}m`);
  }
  if (defaults.most !== undefined && request !== undefined && request > defaults.most) {
    resources.at('requests').at('cpu').refuse(`at most ${defaults.most}m, by the LimitRange of the namespace`);
  }
  return { name: name ?? '', isInit, isSidecar: isInit && restart === 'Always', request, limit };
}

function refuseTwins(containers: readonly Container[], spec: Field): void {
  const names = containers.map(({ name }) => name);
  const twin = names.find((name, index) => name !== '' && names.indexOf(name) !== index);
  if (twin !== undefined) spec.refusals.say(`two containers are called ${twin}; each needs a name of its own.`);
}

/** Requests and limits of cpu, with the rules for all resources beside it. */
function cpuOf(resources: Field): Cpu {
  resources.map();
  const [request, limit] = ['requests', 'limits'].map((which) => {
    const amounts = resources.at(which);
    let cpu: Milli | undefined;
    for (const name of amounts.map()) {
      const amount = amounts.at(name);
      if (!isResource(name))
        amount.refuse(
          'under the name of a resource: cpu, memory, ephemeral-storage, or one with a domain such as example.com/gpu',
        );
      // A key with nothing behind it is an amount of zero.
      const milli = amount.isThere ? amount.quantity() : 0n;
      if (milli !== undefined && milli < 0n) amount.refuse('at least 0');
      if (name === 'cpu') cpu = milli;
    }
    return cpu;
  });
  return { request, limit };
}

const isResource = (name: string) =>
  ['cpu', 'memory', 'ephemeral-storage'].includes(name) || /^hugepages-|\//.test(name);

/**
 * `spec.resources` of the pod, which counts since Kubernetes 1.34: where it requests anything, it is the whole; where it limits alone, the
 * request is made of the containers' when the pod is made.
 */
type PodLevel = { readonly request?: Milli | Missing; readonly limit?: Milli | undefined };

function podLevelOf(spec: Field, containers: readonly Container[]): PodLevel {
  const resources = spec.at('resources');
  const { request, limit } = cpuOf(resources);
  const overhead = spec.at('overhead').at('cpu').quantity() ?? 0n;
  const needed = aggregateOf(containers);
  const hasRequests = resources.at('requests').map().some(isPodLevel);
  const hasLimits = resources.at('limits').map().some(isPodLevel);
  if (!hasRequests && !hasLimits) return {};
  if (request !== undefined) {
    if (needed !== undefined && request < needed)
      resources.at('requests').at('cpu').refuse(`at least ${needed}m, which its containers request together`);
    return { request: request + overhead, limit };
  }
  const made = needed ?? limit;
  return { request: made === undefined ? { missing: 'the pod' } : made + overhead, limit };
}

const isPodLevel = (name: string) => name === 'cpu' || name === 'memory' || name.startsWith('hugepages-');

/** What the scheduler needs for them: all that last, or the largest moment of the start. */
function aggregateOf(containers: readonly Container[]): Milli | undefined {
  if (!containers.some(({ request }) => request !== undefined)) return undefined;
  const regular = total(containers.filter(({ isInit }) => !isInit).map(({ request }) => request));
  let sidecars = 0n;
  let most = 0n;
  for (const { isInit, isSidecar, request = 0n } of containers) {
    if (!isInit) continue;
    if (isSidecar) sidecars += request;
    const now = isSidecar ? sidecars : sidecars + request;
    if (now > most) most = now;
  }
  const lasting = regular + sidecars;
  return lasting > most ? lasting : most;
}

function sumOf(containers: readonly Container[]): Milli | Missing {
  const without = containers.find(({ request }) => request === undefined);
  return without === undefined
    ? total(containers.map(({ request }) => request))
    : { missing: `container ${without.name}` };
}

const total = (amounts: readonly (Milli | undefined)[]): Milli =>
  amounts.reduce<Milli>((sum, amount) => sum + (amount ?? 0n), 0n);
