/**
 * What the LimitRanges of a namespace give the containers of a new pod, and which pods they refuse.
 * @see k8s.io/kubernetes, plugin/pkg/admission/limitranger/admission.go
 */
import { decodeKind } from './decode.ts';
import { Field, Refusals } from './field.ts';
import { called, type KubernetesObject } from './objects.ts';
import type { Milli } from './quantity.ts';
import { type Amounts, amountsOf, type Resources, shownAmount } from './resources.ts';

type Bounds = { readonly min: Amounts; readonly max: Amounts; readonly ratio: Amounts };

export type LimitRange = {
  readonly name: string;
  /** For containers that do not say it themselves. */
  readonly defaults: Resources;
  readonly ofContainers: readonly Bounds[];
  readonly ofPods: readonly Bounds[];
};

/** By namespace, in the order in which they stand. @returns also a sentence for each that the API server would refuse. */
export function limitRangesIn(objects: readonly KubernetesObject[]): {
  readonly byNamespace: ReadonlyMap<string, readonly LimitRange[]>;
  readonly errors: readonly string[];
} {
  const byNamespace = new Map<string, LimitRange[]>();
  const errors: string[] = [];
  for (const object of objects) {
    if (object.kind !== 'LimitRange' || object.group !== '') continue;
    const refusals = new Refusals(called(object));
    const range = limitRangeOf(object, refusals);
    errors.push(...refusals.sentences);
    const others = byNamespace.get(object.namespace) ?? [];
    if (refusals.sentences.length === 0) byNamespace.set(object.namespace, [...others, range]);
  }
  return { byNamespace, errors };
}

function limitRangeOf(object: KubernetesObject, refusals: Refusals): LimitRange {
  const root = new Field(object.value, '', refusals);
  decodeKind(root, 'v1 LimitRange');
  const items = root.at('spec').at('limits').list();
  const limits = new Map<string, Milli>();
  const requests = new Map<string, Milli>();
  const bounds = { Container: [] as Bounds[], Pod: [] as Bounds[] };
  for (const item of items) {
    const type = item.at('type').text();
    if (type !== 'Container' && type !== 'Pod') continue;
    const [min, max, ratio] = [item.at('min'), item.at('max'), item.at('maxLimitRequestRatio')].map(amountsOf) as [
      Amounts,
      Amounts,
      Amounts,
    ];
    bounds[type].push({ min, max, ratio });
    if (type === 'Pod') continue;
    // The most is the default of the limit, that of the request, and the least stands last.
    const ownLimits = filled(amountsOf(item.at('default')), max);
    const ownRequests = filled(filled(amountsOf(item.at('defaultRequest')), ownLimits), min);
    for (const [name, amount] of ownLimits) limits.set(name, amount);
    for (const [name, amount] of ownRequests) requests.set(name, amount);
  }
  return { name: object.name, defaults: { requests, limits }, ofContainers: bounds.Container, ofPods: bounds.Pod };
}

/** What is there, and of the others what is not. */
const filled = (own: Amounts, others: Amounts): Amounts => new Map([...others, ...own]);

/** A container with what the ranges add, one after the other. */
export function withDefaults(own: Resources, ranges: readonly LimitRange[]): Resources {
  const start = { limits: own.limits, requests: filled(own.requests, own.limits) };
  return ranges.reduce(
    (so, { defaults }) => ({
      limits: filled(so.limits, defaults.limits),
      requests: filled(so.requests, defaults.requests),
    }),
    start,
  );
}

/** Says of a container, or of a pod as a whole, what the ranges refuse. @param what how it is called, to follow "its". */
export function refuseByRanges(
  resources: Resources,
  ranges: readonly LimitRange[],
  of: 'ofContainers' | 'ofPods',
  what: string,
  refusals: Refusals,
): void {
  for (const range of ranges) {
    const say = (sentence: string) => refusals.say(`LimitRange ${range.name} refuses its ${what}: ${sentence}.`);
    for (const { min, max, ratio } of range[of]) {
      for (const [name, least] of min) refuseLess(name, least, resources, say);
      for (const [name, most] of max) refuseMore(name, most, resources, say);
      for (const [name, most] of ratio) refuseRatio(name, most, resources, say);
    }
  }
}

type Say = (sentence: string) => void;

function refuseLess(name: string, least: Milli, { requests, limits }: Resources, say: Say): void {
  const [request, limit] = [requests.get(name), limits.get(name)];
  const rule = `the least ${name} is ${shownAmount(name, least)}`;
  if (request === undefined) say(`${rule}, and it has no request`);
  else if (request < least) say(`${rule}, and its request is ${shownAmount(name, request)}`);
  else if (limit !== undefined && limit < least) say(`${rule}, and its limit is ${shownAmount(name, limit)}`);
}

function refuseMore(name: string, most: Milli, { requests, limits }: Resources, say: Say): void {
  const [request, limit] = [requests.get(name), limits.get(name)];
  const rule = `the most ${name} is ${shownAmount(name, most)}`;
  if (limit === undefined) say(`${rule}, and it has no limit`);
  else if (limit > most) say(`${rule}, and its limit is ${shownAmount(name, limit)}`);
  else if (request !== undefined && request > most) say(`${rule}, and its request is ${shownAmount(name, request)}`);
}

function refuseRatio(name: string, most: Milli, { requests, limits }: Resources, say: Say): void {
  const [request = 0n, limit = 0n] = [requests.get(name), limits.get(name)];
  const rule = `the limit of ${name} may be ${Number(most) / 1000} times its request`;
  if (request === 0n) say(`${rule}, and it has no request`);
  else if (limit === 0n) say(`${rule}, and it has no limit`);
  else if (limit * 1000n > request * most) say(`${rule}, and it is ${Number((limit * 1000n) / request) / 1000} times`);
}
