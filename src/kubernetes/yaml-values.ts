/** Makes plain values of a parsed document, as kubectl's YAML library does: aliases, merge keys, keys that are no text. */
import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Node,
  type Scalar as ScalarNode,
  visit,
} from 'yaml';
import { type Scalar, ScalarError, scalarOf } from './scalar.ts';
import { textOf } from './yaml-refusals.ts';

/** What JSON can say, with whole numbers as exact as they were written. */
export type Value = Scalar | readonly Value[] | { readonly [key: string]: Value };

/** @throws ScalarError for what kubectl would refuse. `document` is not empty. */
export function valueIn(document: Document, source: string): Value {
  const reading = { source, targets: targetsOf(document), nodes: 0, aliasedNodes: 0, aliasDepth: 0 };
  return plainOf(document.contents as Node, reading, []);
}

/** What each alias stands for: the last anchor of its name that stands before it. */
function targetsOf(document: Document): ReadonlyMap<Alias, Node | undefined> {
  const anchors = new Map<string, Node>();
  const targets = new Map<Alias, Node | undefined>();
  visit(document as Document.Parsed, {
    Node: (_key, node) => {
      if (isAlias(node)) targets.set(node, anchors.get(node.source));
      else if (node.anchor !== undefined) anchors.set(node.anchor, node);
    },
  });
  return targets;
}

/** One document, and how many of its nodes have been read so far. */
type Reading = {
  readonly source: string;
  readonly targets: ReadonlyMap<Alias, Node | undefined>;
  nodes: number;
  aliasedNodes: number;
  aliasDepth: number;
};

/** The rule of go-yaml (decode.go, allowedAliasRatio): a few lines of aliases of aliases would otherwise become gigabytes. */
function countNode(reading: Reading): void {
  reading.nodes += 1;
  if (reading.aliasDepth > 0) reading.aliasedNodes += 1;
  const { nodes, aliasedNodes } = reading;
  const allowedRatio = 0.99 - 0.89 * Math.min(Math.max((nodes - 400_000) / 3_600_000, 0), 1);
  if (aliasedNodes > 100 && nodes > 1000 && aliasedNodes / nodes > allowedRatio)
    throw new ScalarError('the document contains excessive aliasing: write out what its anchors stand for');
}

/** @param open the nodes that this one is within: an alias to one of them contains itself. */
function plainOf(node: Node | null, reading: Reading, open: readonly Node[]): Value {
  if (node === null) return null;
  countNode(reading);
  if (isAlias(node)) {
    const target = reading.targets.get(node);
    if (target === undefined) throw new ScalarError(`the anchor ${node.source} is not known`);
    if (open.includes(target)) throw new ScalarError(`the anchor ${node.source} contains itself`);
    reading.aliasDepth += 1;
    const value = plainOf(target, reading, open);
    reading.aliasDepth -= 1;
    return value;
  }
  const inner = [...open, node];
  if (isSeq<Node>(node)) return node.items.map((item) => bareColonOf(item, reading) ?? plainOf(item, reading, inner));
  if (isMap<Node, Node | null>(node)) return mapOf(node.items, reading, inner);
  if (!isScalar(node)) throw new ScalarError('there is something that is neither a value, a list nor a map');
  return scalarOf(textOf(node), tagOf(node));
}

/** Within brackets a colon that no blank follows belongs to the text: [C:, D:] are two texts. */
const endsInColon = (key: Node, { source }: Reading) =>
  isScalar(key) && key.type === 'PLAIN' && /^:[,[\]{}]/.test(source.slice(key.range?.[1], (key.range?.[1] ?? 0) + 2));

function bareColonOf(item: Node | null, reading: Reading): Scalar | undefined {
  const [pair, ...more] = isMap<Node>(item) && reading.source[item.range?.[0] ?? 0] !== '{' ? item.items : [];
  if (pair === undefined || more.length > 0 || !isScalar(pair.key) || !endsInColon(pair.key, reading)) return undefined;
  return scalarOf(`${textOf(pair.key)}:`, '');
}

type Pair = { readonly key: Node; readonly value: Node | null };

/** In the order of the keys: the last of equal ones holds, and what is merged holds over what stands before it. */
function mapOf(items: readonly Pair[], reading: Reading, open: readonly Node[]): Record<string, Value> {
  const entries = new Map<string, Value>();
  for (const { key, value } of items) {
    if (isMerge(key)) for (const [name, merged] of mergedOf(value, reading, open)) entries.set(name, merged);
    else
      entries.set(`${keyOf(key, reading, open)}${endsInColon(key, reading) ? ':' : ''}`, plainOf(value, reading, open));
  }
  // Without a prototype: a key may be called __proto__.
  return Object.assign(Object.create(null), Object.fromEntries(entries));
}

/** Of several maps in a list the first one holds. */
function mergedOf(value: Node | null, reading: Reading, open: readonly Node[]): readonly (readonly [string, Value])[] {
  const node = isAlias(value) ? (reading.targets.get(value) ?? null) : value;
  if (isMap(node)) return Object.entries(plainOf(value, reading, open) as Record<string, Value>);
  if (!isSeq<Node>(node)) throw new ScalarError('<< must be followed by a map or a list of maps');
  return node.items.toReversed().flatMap((item) => {
    const target = isAlias(item) ? reading.targets.get(item) : item;
    if (!isMap(target)) throw new ScalarError('<< must be followed by a map or a list of maps');
    return Object.entries(plainOf(item, reading, open) as Record<string, Value>);
  });
}

/** Plain, or with the tag; a quoted one is an ordinary key. */
function isMerge(key: Node): boolean {
  if (!isScalar(key) || textOf(key) !== '<<') return false;
  return tagOf(key) === '' || tagOf(key) === 'tag:yaml.org,2002:merge';
}

function keyOf(node: Node, reading: Reading, open: readonly Node[]): string {
  const target = isAlias(node) ? reading.targets.get(node) : node;
  if (target !== undefined && !isScalar(target))
    throw new ScalarError('a key must be one word or number, not a list or a map');
  const isInfinite = isScalar(target) && /^[-+]?\.(inf|nan)$/i.test(textOf(target)) && tagOf(target) === '';
  const key = isInfinite ? textOf(target) : plainOf(node, reading, open);
  if (key === null || key === undefined) throw new ScalarError('a key cannot be null');
  if (typeof key === 'bigint' && key >= 2n ** 63n) throw new ScalarError(`the key ${key} is too large a number`);
  return typeof key === 'number' && !Number.isSafeInteger(key) ? floatKey(key) : String(key);
}

/** As the 32 bits to which go-yaml's caller cuts a key that is a float: the shortest digits that mean the same. */
function floatKey(value: number): string {
  const digits = Array.from({ length: 9 }, (_, index) => value.toPrecision(index + 1));
  const shortest = digits.find((text) => Math.fround(Number(text)) === Math.fround(value)) ?? String(value);
  const exponent = Math.floor(Math.log10(Math.abs(value)));
  return exponent < -4 || exponent >= 21 || Math.abs(value) >= 2 ** 64
    ? Number(shortest)
        .toExponential()
        .replace(/e([-+])(\d)$/, 'e$10$2')
    : String(Number(shortest));
}

/** A tag that was written; `''` for a plain scalar without one, `!` for a text in quotes or a block. */
function tagOf(node: ScalarNode): string {
  if (node.tag !== undefined && node.tag !== '') return node.tag;
  return node.type === 'PLAIN' || node.type === undefined ? '' : '!';
}
