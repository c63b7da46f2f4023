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

/** Whose work this is part of. `isSampled` is missing where the caller leaves the decision to whoever comes next. */
export type Caller = Omit<TraceContext, 'isSampled'> & { readonly isSampled: boolean | undefined };

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

/** @see https://github.com/openzipkin/b3-propagation#single-header; `b3: 0` names no trace, and counts as missing. */
const B3 = /^([0-9a-f]{16}|[0-9a-f]{32})-([0-9a-f]{16})(?:-([01d])(?:-[0-9a-f]{16})?)?$/i;

/** The caller's trace in Zipkin's single header; `undefined` where it is missing or not valid. */
export function parseB3(header: string | undefined): Caller | undefined {
  const [, traceId, spanId, state] = B3.exec(header ?? '') ?? [];
  return parseB3Multi({ traceId, spanId, sampled: state === 'd' ? '1' : state, flags: undefined });
}

type B3Headers = Readonly<Record<'traceId' | 'spanId' | 'sampled' | 'flags', string | undefined>>;

/** The same in four headers: X-B3-TraceId, -SpanId, -Sampled, -Flags. A debug flag of 1 is a yes. */
export function parseB3Multi({ traceId = '', spanId = '', sampled, flags }: B3Headers): Caller | undefined {
  // Trace ids of 64 bits are filled up with zeros; ids of zeros are not valid.
  const wide = traceId.toLowerCase().padStart(32, '0');
  const parent = spanId.toLowerCase();
  if (traceId.length !== 16 && traceId.length !== 32) return undefined;
  if (!/^(?!0{32})[0-9a-f]{32}$/.test(wide) || !/^(?!0{16})[0-9a-f]{16}$/.test(parent)) return undefined;
  const isYes = flags === '1' || /^(1|true)$/i.test(sampled ?? '');
  const isNo = /^(0|false)$/i.test(sampled ?? '');
  return { traceId: wide, spanId: parent, isSampled: isYes ? true : isNo ? false : undefined };
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
