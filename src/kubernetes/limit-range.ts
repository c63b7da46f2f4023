/**
 * What the LimitRanges of a namespace give the containers of a new pod, and which pods they refuse.
 * @see k8s.io/kubernetes, plugin/pkg/admission/limitranger/admission.go
 */
import { decodeKind } from './decode.ts';
import { Field, Refusals } from './field.ts';
import { refuseBadMetadata } from './names.ts';
import { called, type KubernetesObject } from './objects.ts';
import type { Milli } from './quantity.ts';
import { type Amounts, amountsOf, type Resources, shownAmount } from './resources.ts';

type Bounds = { readonly min: Amounts; readonly max: Amounts; readonly ratio: Amounts };

export type LimitRange = {
  readonly name: string;
  /** For containers that do not say it themselves. */
  readonly defaults: Resources;
  /** Of each container, and of a pod as a whole. */
  readonly bounds: { readonly Container?: Bounds; readonly Pod?: Bounds };
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
    if (refusals.sentences.length > 0) continue;
    const others = byNamespace.get(object.namespace);
    if (others === undefined) byNamespace.set(object.namespace, [range]);
    else others.push(range);
  }
  return { byNamespace, errors };
}

function limitRangeOf(object: KubernetesObject, refusals: Refusals): LimitRange {
  const root = new Field(object.value, '', refusals);
  if (object.version !== 'v1') root.at('apiVersion').refuse('v1');
  decodeKind(root, 'v1 LimitRange');
  refuseBadMetadata(root.at('metadata'));
  const types = new Set<string>();
  const bounds: { Container?: Bounds; Pod?: Bounds } = {};
  let defaults: Resources = { requests: new Map(), limits: new Map() };
  for (const item of root.at('spec').at('limits').list()) {
    const type = item.at('type').text() ?? '';
    if (type === '') item.at('type').refuse('Container, Pod or PersistentVolumeClaim');
    if (types.has(type)) item.at('type').refuse('a type that no other entry has');
    types.add(type);
    if (type !== 'Container' && type !== 'Pod') continue;
    const own = amountsIn(item);
    bounds[type] = own;
    if (type === 'Container') defaults = { limits: own.default, requests: own.defaultRequest };
    else refuseDefaults(item);
    refuseContradictions(own, item);
  }
  return { name: object.name, defaults, bounds };
}

type Item = Bounds & { readonly default: Amounts; readonly defaultRequest: Amounts };

/** With what Kubernetes fills in: the most is the default of the limit, that of the request, and the least stands last. */
function amountsIn(item: Field): Item {
  const [min, max] = [amountsOf(item.at('min')), amountsOf(item.at('max'))];
  const limits = filled(amountsOf(item.at('default')), max);
  const requests = filled(filled(amountsOf(item.at('defaultRequest')), limits), min);
  return { min, max, ratio: amountsOf(item.at('maxLimitRequestRatio')), default: limits, defaultRequest: requests };
}

function refuseDefaults(item: Field): void {
  for (const name of ['default', 'defaultRequest']) {
    if (item.at(name).isThere) item.at(name).refuse('left out, because the type is Pod');
  }
}

/** Pairs of which the first may not be above the second. */
const ORDER = [
  ['min', 'max'],
  ['min', 'defaultRequest'],
  ['min', 'default'],
  ['defaultRequest', 'default'],
  ['defaultRequest', 'max'],
  ['default', 'max'],
] as const;

function refuseContradictions(own: Item, item: Field): void {
  const isPod = item.at('type').value === 'Pod';
  for (const [lower, upper] of isPod ? ORDER.slice(0, 1) : ORDER) {
    for (const [name, amount] of own[lower]) {
      const most = own[upper].get(name);
      if (most !== undefined && amount > most)
        item.refusals.say(
          `${item.path}: the ${lower} of ${name}, ${shownAmount(name, amount)}, is above its ${upper}, ${shownAmount(name, most)}.`,
        );
    }
  }
  for (const [name, ratio] of own.ratio) {
    const [least = 0n, most] = [own.min.get(name), own.max.get(name)];
    const place = item.at('maxLimitRequestRatio').at(name);
    if (ratio < 1000n) place.refuse('at least 1');
    if (least > 0n && most !== undefined && ratio * least > most * 1000n) place.refuse('at most what max is of min');
  }
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
  of: keyof LimitRange['bounds'],
  what: string,
  refusals: Refusals,
): void {
  for (const { name: range, bounds } of ranges) {
    const say = (sentence: string) => refusals.say(`LimitRange ${range} refuses its ${what}: ${sentence}.`);
    for (const [name, least] of bounds[of]?.min ?? []) refuseLess(name, least, resources, say);
    for (const [name, most] of bounds[of]?.max ?? []) refuseMore(name, most, resources, say);
    for (const [name, most] of bounds[of]?.ratio ?? []) refuseRatio(name, most, resources, say);
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
  const rule = `the limit of ${name} may be at most ${Number(most) / 1000} times its request`;
  if (request === 0n) say(`${rule}, and it has no request`);
  else if (limit === 0n) say(`${rule}, and it has no limit`);
  else if (limit * 1000n > request * most) say(`${rule}, and it is ${Number((limit * 1000n) / request) / 1000} times`);
}
