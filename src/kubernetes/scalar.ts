/** What a scalar of YAML means to kubectl: YAML 1.1 as its parser reads it (go-yaml, resolve.go), not the YAML 1.2 of most others. */

/** A whole number that a double cannot hold exactly is a bigint. */
export type Scalar = string | number | bigint | boolean | null;

/** Words that are values, in these spellings alone. */
const WORDS: ReadonlyMap<string, boolean | null> = new Map<string, boolean | null>([
  ...['y', 'Y', 'yes', 'Yes', 'YES', 'true', 'True', 'TRUE', 'on', 'On', 'ON'].map((word) => [word, true] as const),
  ...['n', 'N', 'no', 'No', 'NO', 'false', 'False', 'FALSE', 'off', 'Off', 'OFF'].map((word) => [word, false] as const),
  ...['', '~', 'null', 'Null', 'NULL'].map((word) => [word, null] as const),
]);

const NOT_IN_JSON = /^(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/;
const FLOAT = /^[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d+)?$/;
const TAG = 'tag:yaml.org,2002:';

/** Thrown for what kubectl refuses; the message says what was found. */
export class ScalarError extends Error {}

/**
 * @param tag the whole tag if one was written, `''` for a plain scalar without one, and `!` for a quoted one.
 * @throws ScalarError for a tag that the text does not fit, and for infinities, which JSON does not have.
 */
export function scalarOf(text: string, tag: string): Scalar {
  if (tag === '') return plain(text);
  const wanted = tag.startsWith(TAG) ? tag.slice(TAG.length) : '';
  if (wanted === 'binary') return binary(text);
  if (!['int', 'float', 'bool', 'null', 'timestamp'].includes(wanted)) return text;
  const value = wanted === 'timestamp' ? text : plain(text);
  const fits =
    (wanted === 'int' && isWhole(value)) ||
    (wanted === 'float' && (typeof value === 'number' || typeof value === 'bigint')) ||
    (wanted === 'bool' && typeof value === 'boolean') ||
    (wanted === 'null' && value === null) ||
    (wanted === 'timestamp' && /^\d{4}-/.test(text));
  if (!fits) throw new ScalarError(`${JSON.stringify(text)} is not what its tag !!${wanted} says`);
  return value;
}

function plain(text: string): Scalar {
  const word = WORDS.get(text);
  if (word !== undefined) return word;
  if (NOT_IN_JSON.test(text)) throw new ScalarError(`${text} is a number that JSON does not have`);
  if (!/^[-+.\d]/.test(text)) return text;
  return numberOf(text) ?? text;
}

const isWhole = (value: Scalar) => typeof value === 'bigint' || (typeof value === 'number' && Number.isInteger(value));

/** As strconv.ParseInt with base 0 reads it, underscores left out; then as a float. */
function numberOf(text: string): number | bigint | undefined {
  const digits = text.startsWith('.') ? text : text.replaceAll('_', '');
  const [, sign = '', prefix = '', rest = ''] = /^([-+]?)(0[xXbBoO]|0(?=\d))?(.*)$/s.exec(digits) ?? [];
  const base = { x: 16, b: 2, o: 8, '': prefix === '0' ? 8 : 10 }[prefix.slice(1).toLowerCase()] ?? 10;
  if (INTEGERS[base]?.test(rest) === true) {
    const literal = { 16: '0x', 2: '0b', 8: '0o', 10: '' }[base] ?? '';
    const magnitude = BigInt(literal + rest);
    const value = sign === '-' ? -magnitude : magnitude;
    // Signed or unsigned, 64 bits are a whole number; beyond them only digits are read on, as a float.
    if (value >= -(2n ** 63n) && value < 2n ** 64n) return exact(value);
    return base === 10 ? Number(digits) : undefined;
  }
  if (!FLOAT.test(digits)) return undefined;
  const value = Number(digits);
  return Number.isFinite(value) ? value : undefined;
}

const INTEGERS: Readonly<Record<number, RegExp>> = { 2: /^[01]+$/, 8: /^[0-7]+$/, 10: /^\d+$/, 16: /^[\da-fA-F]+$/ };

function exact(value: bigint): number | bigint {
  const asNumber = Number(value);
  return Number.isSafeInteger(asNumber) ? asNumber : value;
}

function binary(text: string): string {
  const compact = text.replaceAll(/\s/g, '');
  const isBase64 = compact.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(compact);
  if (!isBase64) throw new ScalarError('a !!binary value is not base64');
  return Buffer.from(compact, 'base64').toString('utf8');
}
