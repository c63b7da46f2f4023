/** Quantities as Kubernetes reads and rounds them (apimachinery, resource.Quantity): every spelling that the API server takes. */
import type { Value } from './yaml-values.ts';

/** Thousandths, rounded up as the API server stores them; negative ones are away from zero. */
export type Milli = bigint;

const DECIMAL: Readonly<Record<string, number>> = { n: -9, u: -6, m: -3, '': 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 };
const BINARY: Readonly<Record<string, bigint>> = {
  Ki: 2n ** 10n,
  Mi: 2n ** 20n,
  Gi: 2n ** 30n,
  Ti: 2n ** 40n,
  Pi: 2n ** 50n,
  Ei: 2n ** 60n,
};
/** A letter for the unit, or an exponent; `E` alone is exa. Without any digit it is zero. */
const QUANTITY = /^([+-]?)(\d*)(?:\.(\d*))?(Ki|Mi|Gi|Ti|Pi|Ei|[numkMGTPE]?|[eE][+-]?\d{1,9})$/;

/** Beyond it Kubernetes' own arithmetic of thousandths in 64 bits overflows. */
const MOST_MILLI = 2n ** 63n - 1n;

type Parts = { readonly sign: string; readonly digits: bigint; readonly exponent: number };

/** @param value as JSON has it: a text or a number. `undefined` where the API server refuses it. */
function partsOf(value: Value): Parts | undefined {
  const isNumber = typeof value === 'number' || typeof value === 'bigint';
  if (!isNumber && typeof value !== 'string') return undefined;
  // Blanks around a text are taken; tabs and line breaks, which are escapes in JSON, are not.
  const written = String(value);
  const text = written.trim();
  const found = text === '' || /[\t\n\r\v\f]/.test(written) ? null : QUANTITY.exec(text);
  if (found === null) return undefined;
  const [, sign = '', whole = '', fraction = '', unit = ''] = found;
  const isExponent = unit.length > 1 && /^[eE]/.test(unit) && !(unit in BINARY);
  if (isExponent && whole + fraction === '') return undefined;
  const exponent = isExponent ? Number(unit.slice(1)) : (DECIMAL[unit] ?? 0);
  // Beyond any amount of anything; the digits of it would fill the memory.
  if (Math.abs(exponent) > 400) return undefined;
  const digits = BigInt(whole + fraction || '0') * (BINARY[unit] ?? 1n);
  return { sign, digits, exponent: exponent - fraction.length };
}

/** `undefined` also beyond 9.2e15, where Kubernetes' own arithmetic overflows. */
export function parseQuantity(value: Value): Milli | undefined {
  const parts = partsOf(value);
  if (parts === undefined) return undefined;
  const milli = scaled(parts.digits, parts.exponent + 3);
  if (milli > MOST_MILLI) return undefined;
  return parts.sign === '-' ? -milli : milli;
}

/** Not rounded to thousandths, as a tolerance is read (Quantity.AsApproximateFloat64). */
export function quantityAsNumber(value: Value): number | undefined {
  const parts = partsOf(value);
  return parts === undefined ? undefined : Number(`${parts.sign}1`) * Number(parts.digits) * 10 ** parts.exponent;
}

/** Times ten to the power, rounded up. */
function scaled(digits: bigint, power: number): bigint {
  if (power >= 0) return digits * 10n ** BigInt(power);
  const divisor = 10n ** BigInt(-power);
  return (digits + divisor - 1n) / divisor;
}
