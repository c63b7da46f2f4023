/** Expected results as values: what may be refused returns an Outcome, so that its caller has to look. */

/** One thing that is wrong with the input; `pointer` is an RFC 6901 JSON pointer into it, `''` is the whole. */
export type FieldError = { readonly pointer: string; readonly message: string };

/** An expected no. It becomes an answer to the caller, so `detail` says what to do and never repeats what was sent. */
export type Refusal<Code extends string = string> = {
  readonly code: Code;
  readonly detail: string;
  readonly errors?: readonly FieldError[];
  /** Whole seconds after which the same request may be granted; absent where waiting does not help. */
  readonly retryAfterSeconds?: number;
};

export type Outcome<Value, No = Refusal> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly refusal: No };

export function granted<Value>(value: Value): { readonly ok: true; readonly value: Value } {
  return { ok: true, value };
}

export function refused<No>(refusal: No): { readonly ok: false; readonly refusal: No } {
  return { ok: false, refusal };
}
