/** Requests and limits of all resources, with what the API server refuses of them. */
import { shownBytes } from '#foundation/quantity.ts';
import type { Field } from './field.ts';
import { isQualifiedName } from './names.ts';
import type { Milli } from './quantity.ts';

/** By the name of the resource, in thousandths. A key that is there with null is zero, as the API server has it. */
export type Amounts = ReadonlyMap<string, Milli>;

export type Resources = { readonly requests: Amounts; readonly limits: Amounts };

/** A list of resources by name. */
export function amountsOf(field: Field): Amounts {
  const amounts = new Map<string, Milli>();
  for (const name of field.map()) {
    const amount = field.at(name);
    if (!isResource(name)) {
      amount.refuse(
        'under the name of a resource: cpu, memory, ephemeral-storage, or one with a domain such as example.com/gpu',
      );
    }
    const milli = amount.isThere ? amount.quantity() : 0n;
    if (milli === undefined) continue;
    if (milli < 0n) amount.refuse('at least 0');
    else if (isWhole(name) && milli % 1000n !== 0n) amount.refuse('a whole number');
    amounts.set(name, milli);
  }
  return amounts;
}

/** `requests` and `limits`, each as it is written. */
export const resourcesOf = (field: Field): Resources => ({
  requests: amountsOf(field.at('requests')),
  limits: amountsOf(field.at('limits')),
});

/** Refuses a request above its limit; of what cannot be shared, such as a GPU, one that is not its limit. */
export function refuseImbalance({ requests, limits }: Resources, field: Field): void {
  for (const [name, request] of requests) {
    const limit = limits.get(name);
    const place = field.at('requests').at(name);
    if (isShared(name)) {
      if (limit !== undefined && request > limit)
        place.refuse(`at most the limit, which is ${shownAmount(name, limit)}`);
    } else if (limit === undefined) {
      field
        .at('limits')
        .at(name)
        .refuse(`${shownAmount(name, request)}, as its request is: it cannot be shared`);
    } else if (request !== limit) {
      place.refuse(`the same as its limit, which is ${shownAmount(name, limit)}: it cannot be shared`);
    }
  }
  const names = [...requests.keys(), ...limits.keys()];
  if (names.some(isHuge) && !names.some((name) => name === 'cpu' || name === 'memory'))
    field.refusals.say(`${field.path} has hugepages, which need cpu or memory beside them.`);
}

/** Whose amounts a pod as a whole may have. */
export const isOfPods = (name: string) => name === 'cpu' || name === 'memory' || isHuge(name);

const isHuge = (name: string) => name.startsWith('hugepages-');
const isNative = (name: string) => !name.includes('/') || name.includes('kubernetes.io/');
/** Whose amounts may be promised to more than one. */
export const isShared = (name: string) => isNative(name) && !isHuge(name);
/** Extended resources are counted: a half of a GPU is none. */
const isWhole = (name: string) => !isNative(name);
const isResource = (name: string) =>
  ['cpu', 'memory', 'ephemeral-storage'].includes(name) ||
  isHuge(name) ||
  (name.includes('/') && isQualifiedName(name));

/** CPU in thousandths, what is bytes in Mi and Gi, others as numbers. */
export function shownAmount(name: string, milli: Milli): string {
  if (name === 'cpu') return `${milli}m`;
  if (name === 'memory' || name === 'ephemeral-storage' || isHuge(name)) return shownBytes(Number(milli) / 1000);
  return String(Number(milli) / 1000);
}

/** Each resource that either of them has, added. */
export const added = (a: Amounts, b: Amounts): Amounts => merged(a, b, (one, other) => one + other);
/** Each resource that either of them has, the larger. */
export const larger = (a: Amounts, b: Amounts): Amounts => merged(a, b, theLarger);

function theLarger(one: Milli, other: Milli): Milli {
  if (one > other) return one;
  return other;
}

function merged(a: Amounts, b: Amounts, combine: (a: Milli, b: Milli) => Milli): Amounts {
  const all = new Map(a);
  for (const [name, amount] of b) {
    const before = all.get(name);
    all.set(name, before === undefined ? amount : combine(before, amount));
  }
  return all;
}
