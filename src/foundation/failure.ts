/** The error for what should not happen; an expected no is a Refusal (outcome.ts). */

/** `code` is stable and greppable; `hint` says what an operator can do, where there is something to do. */
export class Failure extends Error {
  override readonly name = 'Failure';
  readonly code: string;
  readonly hint: string | undefined;

  constructor(code: string, message: string, options: { cause?: unknown; hint?: string } = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
  }
}
