/** What a setting is: one declaration gives its parsing, its checking, its error text and its row in the reference. */
import { parseDuration, parseMemoryAmount, shownBytes } from './quantity.ts';

export type Setting<Value> = {
  /** The environment variable: `SKYOPS_…`, or OpenTelemetry's own `OTEL_…`. */
  readonly variable: string;
  /** What it changes, in one sentence for the reference. */
  readonly meaning: string;
  /** What would be right, to follow "expected ": in the reference and in every error. */
  readonly expected: string;
  readonly fallback: Value;
  /** What it may be in the words of JSON Schema, where a number or a word is meant; the schema of the chart's values is made of it. */
  readonly schema?: SettingSchema;
  /** Its value is shown nowhere: neither in errors nor on /status. */
  readonly isSecret?: boolean;
  /** It belongs to somebody else's standard: what cannot be used is a warning, never a reason not to start, and is not repeated. */
  readonly isForeign?: boolean;
  /** What of a value is not used as it was given, in words that follow the variable's name; it never repeats the value. */
  readonly remark?: (text: string) => string | undefined;
  /** How a right value is shown on /status, where it may hold what is nobody's business. */
  readonly shown?: (text: string) => string;
  /** How the reference writes the fallback, where its plain form is not what one would set. */
  readonly shownFallback?: string;
  /** `undefined` where the text is not a right value. */
  readonly parse: (text: string) => Value | undefined;
};

type SettingSchema =
  | { readonly type: 'integer' | 'number'; readonly minimum: number; readonly maximum: number }
  | { readonly enum: readonly string[] }
  | { readonly type: 'string'; readonly pattern: string };

/** The values that belong to a record of settings. */
export type SettingValues<Settings extends Record<string, Setting<unknown>>> = {
  readonly [Name in keyof Settings]: Settings[Name] extends Setting<infer Value> ? Value : never;
};

type Declaration<Value> = {
  readonly variable: string;
  readonly meaning: string;
  readonly fallback: Value;
};

type Range = { readonly minimum: number; readonly maximum: number };

/** Stands where a value must not be shown. */
export const HIDDEN = '(hidden)';

/**
 * As Go, Helm and people write numbers: Helm writes 2000000 as `2e+06`, Go takes `1_000`, a file of a Secret ends with a line break. Number() alone would
 * take "", "0x10" and "Infinity" as well; each of them is more often a slip than meant.
 */
const NUMBER = /^[+-]?(\d{1,3}(_\d{3})+|\d{1,18})?(\.\d{0,18})?(e[+-]?\d{1,2})?$/i;

/** `undefined` where the text is not a number. */
export function parseNumber(text: string): number | undefined {
  const trimmed = text.trim();
  if (!NUMBER.test(trimmed) || !/^[+-]?\.?\d/.test(trimmed)) return undefined;
  return Number(trimmed.replaceAll('_', ''));
}

export function integerSetting<Value extends number | null = number>(
  declaration: Declaration<Value> & Range,
): Setting<number | Value> {
  return numeric(declaration, 'integer');
}

export function numberSetting<Value extends number | null = number>(
  declaration: Declaration<Value> & Range,
): Setting<number | Value> {
  return numeric(declaration, 'number');
}

function numeric<Value extends number | null>(
  { minimum, maximum, ...declaration }: Declaration<Value> & Range,
  type: 'integer' | 'number',
): Setting<number | Value> {
  const isInSeconds = declaration.variable.endsWith('_SECONDS');
  return {
    ...declaration,
    expected: `${type === 'integer' ? 'a whole number' : 'a number'} from ${minimum} to ${maximum}`,
    schema: { type, minimum, maximum },
    parse: (text) => {
      // A setting in seconds may be written as Go writes durations: 90, 90s, 1m30s.
      const value = parseNumber(text) ?? (isInSeconds ? parseDuration(text.trim()) : undefined);
      if (value === undefined || (type === 'integer' && !Number.isInteger(value))) return undefined;
      return value >= minimum && value <= maximum ? value : undefined;
    },
  };
}

/** As `parseMemoryAmount` takes them, roughly: the unit is there. */
const MEMORY_AMOUNT = '^[0-9.]+(Ki|Mi|Gi|Ti|k|M|G|T)?$';

/** An amount of memory as Kubernetes writes it, `512Mi`; the value is in bytes. */
export function bytesSetting({ minimum, maximum, ...declaration }: Declaration<number> & Range): Setting<number> {
  return {
    ...declaration,
    expected: `an amount of memory such as 512Mi, from ${shownBytes(minimum)} to ${shownBytes(maximum)}`,
    shownFallback: shownBytes(declaration.fallback),
    schema: { type: 'string', pattern: MEMORY_AMOUNT },
    parse: (text) => {
      const bytes = parseNumber(text);
      const amount = bytes === undefined ? parseMemoryAmount(text.trim()) : parseMemoryAmount(bytes);
      return amount?.type === 'bytes' && amount.bytes >= minimum && amount.bytes <= maximum ? amount.bytes : undefined;
    },
  };
}

export function choiceSetting<const Choice extends string>(
  declaration: Declaration<Choice> & { readonly choices: readonly Choice[] },
): Setting<Choice> {
  const { choices, ...rest } = declaration;
  return {
    ...rest,
    expected: `one of ${choices.join(', ')}`,
    schema: { enum: choices },
    parse: (text) => choices.find((choice) => choice === text.trim()),
  };
}

export function textSetting<Value extends string | null>(
  declaration: Declaration<Value> & { readonly expected: string; readonly accepts: (text: string) => boolean },
): Setting<string | Value> {
  const { accepts, ...rest } = declaration;
  return { ...rest, parse: (text) => (accepts(text.trim()) ? text.trim() : undefined) };
}
