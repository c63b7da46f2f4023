/** What go-yaml, and so kubectl, refuses of a text that the yaml package reads. */
import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Node,
  type Scalar as ScalarNode,
  visit,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml';
import { ScalarError } from './scalar.ts';
import { MARGIN } from './yaml-margins.ts';

/** What YAML 1.2 has and go-yaml has not: other characters in the names of anchors, escapes that come from JSON, and ? within brackets. */
export function refuseForeign(document: Document, source: string): void {
  visit(document as Document.Parsed, {
    Node: (_key, node, path) => {
      if (isScalar(node) && node.type === 'QUOTE_DOUBLE') {
        const escapes = source.slice(node.range?.[0], node.range?.[1]).match(/\\(?:u.{4}|.)/gs) ?? [];
        const wrong = escapes.find((each) => each === '\\/' || /^\\ud[89a-f]/i.test(each));
        if (wrong !== undefined) throw new ScalarError(`the escape ${wrong} is not one of YAML 1.1`);
      }
      if (isScalar(node) && node.type === 'PLAIN' && /.\?/.test(textOf(node)) && isFlow(path.findLast(isCollection)))
        throw new ScalarError(`${textOf(node)} has a ? within brackets: put it in quotes`);
      const name = isAlias(node) ? node.source : node.anchor;
      if (name !== undefined && !/^[A-Za-z0-9_-]+$/.test(name))
        throw new ScalarError(`the anchor ${name} has another character than letters, digits, - and _`);
    },
  });
}

/** A tab may stand in front of what is written in a flow collection, in quotes, or behind the indentation of a text. */
export function refuseTabs(document: Document, source: string): void {
  const places = [...source.matchAll(/^ *\t/gm)].map((found) => found.index + found[0].length - 1);
  if (places.length === 0) return;
  const free = new Set<number>();
  const wrong = new Set<number>();
  visit(document as Document.Parsed, {
    Node: (_key, node, path) => {
      if (!node.range || isAlias(node) || (!isScalar(node) && !isFlow(node))) return;
      const [start, end] = node.range;
      const isPlain = isScalar(node) && node.type === 'PLAIN';
      // A plain text goes on as long as nothing but blanks follows it.
      const until = isPlain && end > start ? end + (/^\s*/.exec(source.slice(end))?.[0].length ?? 0) : end;
      const within = placesBetween(start, until, places);
      const least = within.length > 0 && isScalar(node) ? leastColumn(node, source, columnOf(path, source)) : 0;
      for (const place of within) {
        const column = place - source.lastIndexOf('\n', place) - 1;
        const written = column >= MARGIN.length ? column - MARGIN.length : column;
        (written < least ? wrong : free).add(place);
      }
    },
  });
  const first = places.find((place) => wrong.has(place) || !free.has(place));
  if (first === undefined) return;
  const line = source.slice(0, first).split('\n').length;
  throw new ScalarError(`line ${line} begins with a tab, and only blanks may indent it`);
}

/** @param places in their order: a file may have as many of them as lines, and of nodes. */
function placesBetween(start: number, until: number, places: readonly number[]): readonly number[] {
  let [low, high] = [0, places.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((places[middle] ?? 0) <= start) low = middle + 1;
    else high = middle;
  }
  let end = low;
  while (end < places.length && (places[end] ?? 0) < until) end += 1;
  return places.slice(low, end);
}

const isCollection = (node: unknown): node is YAMLMap | YAMLSeq => isMap(node) || isSeq(node);
const isFlow = (node: unknown) => isCollection(node) && node.flow === true;

/** The first column at which a tab is a part of the text. @param around the column of the block collection that it is in. */
function leastColumn({ type, range }: ScalarNode, source: string, around: number): number {
  if (type === 'PLAIN') return around + 1;
  if (type !== 'BLOCK_LITERAL' && type !== 'BLOCK_FOLDED') return 0;
  const [header = '', ...lines] = source.slice(range?.[0], range?.[1]).split('\n');
  const written = /^[|>][-+]?([1-9])/.exec(header)?.[1];
  if (written !== undefined) return Math.max(around, 0) + Number(written);
  // By its first line that has more than blanks, which a tab cannot begin.
  const [indentation = ''] = /^ *\t?/.exec(lines.find((line) => /[^ ]/.test(line)) ?? '') ?? [];
  return indentation.endsWith('\t') ? Number.POSITIVE_INFINITY : indentation.length;
}

/** Where the innermost block collection begins; -1 without one. */
function columnOf(path: readonly unknown[], source: string): number {
  const around = path.findLast((each) => isCollection(each) && !isFlow(each)) as Node | undefined;
  const start = around?.range?.[0];
  if (start === undefined) return -1;
  return start - source.lastIndexOf('\n', start - 1) - 1;
}

/** What stands there, before it means anything. */
export const textOf = (node: ScalarNode) => String(node.value ?? '');
