/** Reads the fields of an object as the API server decodes them, and says in a sentence what it would refuse. */
import { type Milli, parseQuantity } from './quantity.ts';
import type { Value } from './yaml.ts';

export type Fields = { readonly [key: string]: Value };

/** Gathers what is wrong with one object, each in a sentence. */
export class Refusals {
  readonly sentences: string[] = [];
  /** Fields that nobody knows: `kubectl apply` refuses them, the API server drops them. */
  readonly unknown: string[] = [];
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
    const isMissing = found === undefined || found === null;
    const is = isMissing ? 'is missing; it must be there' : `is ${shown(found)}; it must be ${rule}`;
    this.sentences.push(`${this.#object}: ${path} ${is}${isMissing ? `, ${rule}` : ''}.`);
    return undefined;
  }

  /** A sentence that does not speak of one field. */
  say(sentence: string): void {
    this.sentences.push(`${this.#object}: ${sentence}`);
  }
}

const MOST_SHOWN = 60;

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

  /** Its keys, as they are there, also with null. @param known refuses nothing, but remembers what is none of these. */
  map(known?: readonly string[]): readonly string[] {
    if (!this.isThere) return [];
    if (!isFields(this.value)) {
      this.refuse('a map of fields');
      return [];
    }
    const names = Object.keys(this.value);
    if (known !== undefined) {
      for (const name of names) if (!known.includes(name)) this.refusals.unknown.push(this.at(name).path);
    }
    return names;
  }

  list(): readonly Field[] {
    if (!this.isThere) return [];
    if (!Array.isArray(this.value)) {
      this.refuse('a list: put "- " before each of its entries');
      return [];
    }
    return this.value.map((item: Value, index) => new Field(item ?? {}, `${this.path}[${index}]`, this.refusals));
  }

  text(): string | undefined {
    if (!this.isThere) return undefined;
    if (typeof this.value === 'string') return this.value;
    return this.refuse('a text: put it in quotes');
  }

  /** A whole number of 32 bits; 10.0 is one, "10" is not. */
  integer(): number | undefined {
    if (!this.isThere) return undefined;
    const { value } = this;
    if (typeof value === 'number' && Number.isInteger(value) && value >= -(2 ** 31) && value < 2 ** 31) return value;
    if (typeof value === 'string' && /^\d+$/.test(value)) return this.refuse('a number: take the quotes away');
    return this.refuse('a whole number of at most 2147483647');
  }

  /** In thousandths. */
  quantity(): Milli | undefined {
    if (!this.isThere) return undefined;
    const milli = parseQuantity(this.value ?? null);
    return milli ?? this.refuse('a quantity as Kubernetes writes it, such as 250m, 0.5 or 1');
  }

  oneOf<const Choice extends string>(choices: readonly Choice[]): Choice | undefined {
    const text = this.text();
    if (text === undefined) return undefined;
    return choices.find((choice) => choice === text) ?? this.refuse(`one of ${choices.join(', ')}, spelt exactly so`);
  }
}
