/** Which trace a piece of work belongs to, in the words of W3C Trace Context: plain values that every room may hold. */
import { randomFillSync } from 'node:crypto';

export type TraceContext = {
  /** 32 hexadecimal digits in lower case. */
  readonly traceId: string;
  /** 16 hexadecimal digits in lower case: this piece of work itself. */
  readonly spanId: string;
  /** Whether its span is exported. */
  readonly isSampled: boolean;
};

/** @see https://www.w3.org/TR/trace-context/#traceparent-header-field-values: version ff and ids of zeros are not valid. */
const TRACEPARENT = /^(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

/** The caller's trace; `undefined` where the header is missing or not valid, which must then count as missing. */
export function parseTraceparent(header: string | undefined): TraceContext | undefined {
  if (header === undefined) return undefined;
  const [, version, traceId = '', spanId = '', flags = '', rest] = TRACEPARENT.exec(header) ?? [];
  // Later versions may say more behind the flags; this one may not.
  if (version === undefined || (version === '00' && rest !== undefined)) return undefined;
  return { traceId, spanId, isSampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

export function traceparentOf({ traceId, spanId, isSampled }: TraceContext): string {
  return `00-${traceId}-${spanId}-${isSampled ? '01' : '00'}`;
}

/** Random bytes are drawn for hundreds of ids at a time, because every request needs one: a call into OpenSSL for each is saved. */
const POOL_BYTES = 8192;
const pool = Buffer.alloc(POOL_BYTES);
let digits = '';
let next = 0;

function randomDigits(count: number): string {
  if (next + count > digits.length) {
    digits = randomFillSync(pool).toString('hex');
    next = 0;
  }
  next += count;
  return digits.slice(next - count, next);
}

// An id of zeros is not valid; that 64 random bits are all zero does not happen.
export const newTraceId = (): string => randomDigits(32);
export const newSpanId = (): string => randomDigits(16);
