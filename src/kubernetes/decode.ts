/** Decodes an object as the API server does: each field has the type that its kind gives it, and what the kind does not have is remembered. */
import type { Field } from './field.ts';
import types from './types.json' with { type: 'json' };

/** The structs of the API, each with its fields and a word for the type of each; written by tools/kubernetes-oracle from Kubernetes' own code. */
const STRUCTS: ReadonlyMap<string, ReadonlyMap<string, string>> = new Map(
  Object.entries(types.structs).map(([name, fields]) => [name, new Map(Object.entries(fields))]),
);
const KINDS: ReadonlyMap<string, string> = new Map(Object.entries(types.kinds));

/** Types that are no struct, no list and no map. */
const DECODERS: Readonly<Record<string, (field: Field) => unknown>> = {
  text: (field) => field.text(),
  truth: (field) => typeof field.value === 'boolean' || field.refuse('true or false, without quotes'),
  int32: (field) => field.integer(),
  int64: (field) => field.integer(64),
  quantity: (field) => field.quantity(),
  'integer or text': (field) => (typeof field.value === 'string' ? field.text() : field.integer()),
  time: (field) => isTime(field.text() ?? '') || field.refuse('a time such as 2026-01-31T12:00:00Z'),
  base64: (field) => isBase64(field.text() ?? '') || field.refuse('base64'),
  anything: () => undefined,
};

const isTime = (text: string) => /^\d{4}-\d\d-\d\dT\d\d?:\d\d:\d\d([.,]\d+)?(Z|[+-]\d\d:\d\d)$/.test(text);
const isBase64 = (text: string) => /^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text);

/** @param kind with its apiVersion, such as `apps/v1 Deployment`. A kind that is not known is not looked at. */
export function decodeKind(root: Field, kind: string): void {
  const struct = KINDS.get(kind);
  if (struct !== undefined) decode(root, struct);
}

/**
 * @param type a struct of the API, or a word for another type; `[]` before it is a list, `{}` a map.
 * @param within the structs around it, the nearest first.
 */
export function decode(field: Field, type: string, within: readonly string[] = []): void {
  if (!field.isThere) return;
  const inner = type.slice(2);
  if (type.startsWith('[]')) for (const item of field.list()) decode(item, inner, within);
  else if (type.startsWith('{}')) for (const name of field.map()) decode(field.at(name), inner, within);
  else if (type in DECODERS) DECODERS[type]?.(field);
  else decodeStruct(field, type, within);
}

function decodeStruct(field: Field, struct: string, within: readonly string[]): void {
  const fields = fieldsOf(struct);
  for (const name of field.map()) {
    const type = fields.get(name);
    if (type !== undefined) decode(field.at(name), type, [struct, ...within]);
    else field.refusals.addUnknown(field.at(name).path, () => whatIsMeant(name, struct, within));
  }
}

const fieldsOf = (struct: string) => STRUCTS.get(struct) ?? new Map<string, string>();

/** Another spelling of a field, or a place further in or out that has it: what most such fields are. */
function whatIsMeant(name: string, struct: string, within: readonly string[]): string | undefined {
  const alike = nearest(name, [...fieldsOf(struct).keys()]);
  if (alike !== undefined) return `perhaps ${alike}`;
  const inside = placesOf(name, [['', struct]], 1);
  if (inside.length > 0) return belongsUnder(inside);
  const below = [...fieldsOf(struct)].flatMap(([field, type]) =>
    [...fieldsOf(type).keys()].map((each) => [each, `${field}.${each}`] as const),
  );
  const alikeBelow = nearest(
    name,
    below.map(([each]) => each),
  );
  if (alikeBelow !== undefined) return `perhaps ${new Map(below).get(alikeBelow)}`;
  if (within.some((each) => fieldsOf(each).has(name))) return 'it belongs further out';
  const beside = within.flatMap((each) => placesOf(name, [['', each]], 1));
  return belongsUnder(beside.length > 0 ? beside : placesOf(name, [['', struct]], MOST_DEPTH));
}

/** Deeper than a container in a Deployment. */
const MOST_DEPTH = 4;
/** More places say nothing. */
const MOST_PLACES = 3;

function belongsUnder(places: readonly string[]): string | undefined {
  const names = [...new Set(places)];
  if (names.length === 0 || names.length > MOST_PLACES) return undefined;
  return `it belongs under ${names.join(' or ')}`;
}

type Place = readonly [path: string, type: string];

/** Where structs below these have the field, the nearest alone; a list on the way is written with []. */
function placesOf(name: string, level: readonly Place[], depth: number): readonly string[] {
  if (depth === 0) return [];
  const next = level.flatMap(([path, struct]) =>
    [...fieldsOf(struct)].map(([field, type]): Place => {
      const here = path === '' ? field : `${path}.${field}`;
      return type.startsWith('[]') ? [`${here}[]`, type.slice(2)] : [here, type];
    }),
  );
  const found = next.filter(([, type]) => fieldsOf(type).has(name)).map(([path]) => path);
  return found.length > 0 ? found : placesOf(name, next, depth - 1);
}

/** The one with the fewest other letters: one in a short word, two in a longer one, in whatever case. */
function nearest(name: string, known: readonly string[]): string | undefined {
  const written = name.toLowerCase();
  const most = written.length < 6 ? 1 : 2;
  const near = known
    .filter((each) => Math.abs(each.length - written.length) <= most)
    .map((each) => ({ each, letters: distance(each.toLowerCase(), written) }))
    .filter(({ letters }) => letters <= most);
  return near.toSorted((a, b) => a.letters - b.letters)[0]?.each;
}

/** How many letters must be changed, put in or taken away (Levenshtein). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, other] of [...b].entries()) {
      const [above = 0, before = 0, left = 0] = [row[j + 1], row[j], next[j]];
      next.push(Math.min(above + 1, left + 1, before + (letter === other ? 0 : 1)));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
