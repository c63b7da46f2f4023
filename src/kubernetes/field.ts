/** Reads the fields of an object as the API server decodes them, and says in a sentence what it would refuse. */
import { type Milli, parseQuantity, quantityAsNumber } from './quantity.ts';
import type { Value } from './yaml-values.ts';

export type Fields = { readonly [key: string]: Value };

/** Gathers what is wrong with one object, each in a sentence. */
export class Refusals {
  readonly sentences: string[] = [];
  readonly #unknown: string[] = [];
  readonly #object: string;
  readonly #refused = new Set<string>();

  /** @param object how it is called in a sentence, such as `hpa.yaml, HorizontalPodAutoscaler web`. */
  constructor(object: string) {
    this.#object = object;
  }

  /** @param rule what the field must be, to follow "must be". One sentence for each field: the first says it. */
  add(path: string, found: Value | undefined, rule: string): undefined {
    if (this.#refused.has(path)) return undefined;
    this.#refused.add(path);
    const is = found === undefined || found === null ? 'is missing' : `is ${shown(found)}`;
    this.sentences.push(`${this.#object}: ${path === '' ? 'it' : path} ${is}; it must be ${rule}.`);
    return undefined;
  }

  /** A field that the API does not have. @param meant where it is known, or how it is spelt; asked for those alone that are named. */
  addUnknown(path: string, meant: () => string | undefined): void {
    const perhaps = this.#unknown.length < MOST_NAMED ? meant() : undefined;
    this.#unknown.push(perhaps === undefined ? path : `${path} (${perhaps})`);
  }

  /** The paths of the fields that the API does not have, each with what is meant. */
  get unknownFields(): readonly string[] {
    const more = this.#unknown.length - MOST_NAMED;
    return more > 0 ? [...this.#unknown.slice(0, MOST_NAMED), `${more} more`] : this.#unknown;
  }

  /** A sentence on them, where there are any. */
  get unknownSentences(): readonly string[] {
    if (this.#unknown.length === 0) return [];
    const noun = this.#unknown.length === 1 ? 'a field' : 'fields';
    return [`${this.#object} has ${noun} that Kubernetes does not know: ${this.unknownFields.join(', ')}.`];
  }

  /** What was wrong with another object that this one stands on. */
  takeOver(other: Refusals): void {
    this.sentences.push(...other.sentences);
    this.#unknown.push(...other.#unknown);
  }

  /** A sentence that does not speak of one field. */
  say(sentence: string): undefined {
    this.sentences.push(`${this.#object}: ${sentence}`);
    return undefined;
  }
}

const MOST_SHOWN = 60;
const MOST_NAMED = 5;

function shown(value: Value): string {
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (typeof value === 'object' && value !== null) return 'a map';
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value);
  return text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}…` : text;
}

export const isFields = (value: Value | undefined): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A field and where it stands. Null is as absent: Helm renders empty keys. */
export class Field {
  readonly value: Value | undefined;
  readonly path: string;
  readonly refusals: Refusals;

  constructor(value: Value | undefined, path: string, refusals: Refusals) {
    this.value = value ?? undefined;
    this.path = path;
    this.refusals = refusals;
  }

  get isThere(): boolean {
    return this.value !== undefined;
  }

  refuse(rule: string): undefined {
    return this.refusals.add(this.path, this.value, rule);
  }

  /** The field below this one; absent where this is no map. */
  at(name: string): Field {
    const path = this.path === '' ? name : /^[\w-]+$/.test(name) ? `${this.path}.${name}` : `${this.path}[${name}]`;
    return new Field(isFields(this.value) ? this.value[name] : undefined, path, this.refusals);
  }

  /** Its keys, as they are there, also with null. */
  map(): readonly string[] {
    if (!this.isThere) return [];
    if (isFields(this.value)) return Object.keys(this.value);
    this.refuse('a map of fields');
    return [];
  }

  list(): readonly Field[] {
    if (!this.isThere) return [];
    if (!Array.isArray(this.value)) {
      this.refuse('a list: put "- " before each of its entries');
      return [];
    }
    return this.value.map((item: Value, index) => new Field(item, `${this.path}[${index}]`, this.refusals));
  }

  text(): string | undefined {
    if (!this.isThere) return undefined;
    if (typeof this.value === 'string') return this.value;
    return this.refuse('a text: put it in quotes');
  }

  /** A whole number; 10.0 is one, "10" is not. */
  integer(bits: 32 | 64 = 32): number | undefined {
    if (!this.isThere) return undefined;
    const { value } = this;
    const most = 2 ** (bits - 1);
    const isNumber = typeof value === 'bigint' || (typeof value === 'number' && Number.isInteger(value));
    if (isNumber && value >= -most && value < most) return Number(value);
    if (typeof value === 'string' && /^\d+$/.test(value)) return this.refuse('a number: take the quotes away');
    return this.refuse(bits === 32 ? 'a whole number of at most 2147483647' : 'a whole number');
  }

  /** In thousandths. */
  quantity(): Milli | undefined {
    if (!this.isThere) return undefined;
    const value = this.value ?? null;
    const milli = parseQuantity(value);
    if (milli !== undefined) return milli;
    if (quantityAsNumber(value) !== undefined) return this.refuse('below 9.2e15: beyond it Kubernetes counts wrong');
    return this.refuse('a quantity as Kubernetes writes it, such as 250m, 0.5 or 1');
  }

  /** One of some words, which must be there. */
  needed<const Choice extends string>(choices: readonly Choice[]): Choice | undefined {
    return this.isThere ? this.oneOf(choices) : this.refuse(`one of ${choices.join(', ')}`);
  }

  /** One of some words; an empty text is as absent, where the API has a default. */
  optional(choices: readonly string[]): void {
    if (this.value !== '') this.oneOf(choices);
  }

  oneOf<const Choice extends string>(choices: readonly Choice[]): Choice | undefined {
    const text = this.text();
    if (text === undefined) return undefined;
    return choices.find((choice) => choice === text) ?? this.refuse(`one of ${choices.join(', ')}, spelt exactly so`);
  }
}
