/** What the kinds say alike: how long, what is too long, what is wrong in a body. */
import Type from 'typebox';
import { Failure } from '#foundation/failure.ts';
import { type FieldError, type Outcome, type Refusal, refused } from '#foundation/outcome.ts';
import type { Caps } from '../capacity/caps.ts';

type Refused = Extract<Outcome<never, Refusal<'invalid-body' | 'over-cap'>>, { ok: false }>;

export const LEAST_SECONDS = 0.1;

/** A default is said in words: a generated client sends what a schema calls one, and could then never leave the field out. */
export function secondsField(fallback: number, meaning: string) {
  return Type.Optional(
    Type.Number({
      minimum: LEAST_SECONDS,
      description: `${meaning}, in seconds; ${fallback} by default, at most SKYOPS_MAX_SECONDS.`,
    }),
  );
}

export function overlong({ maxSeconds }: Pick<Caps, 'maxSeconds'>): Refused {
  return refused({
    code: 'over-cap',
    detail: 'The simulation would last longer than this service allows.',
    errors: [{ pointer: '/seconds', message: `must be at most ${maxSeconds} (SKYOPS_MAX_SECONDS)` }],
  });
}

/**
 * Whoever calls has checked the body against its schema, and this looks again at the numbers that time, threads and pages are made of: a
 * caller that forgot must hear of it, and not become threads that never end. NaN passes every comparison that refuses.
 *
 * @throws Failure `unchecked-number` for what is not finite, below the least, above the most, or not whole where it must be.
 */
export function requireNumber(name: string, value: number, range: Range): void {
  const { least, most = Number.MAX_VALUE, isWhole = false } = range;
  if (Number.isFinite(value) && value >= least && value <= most && (!isWhole || Number.isInteger(value))) return;
  throw new Failure('unchecked-number', `${name} is ${value}, which no schema here allows.`);
}

type Range = { readonly least: number; readonly most?: number; readonly isWhole?: boolean };

export function invalid(errors: readonly FieldError[]): Refused {
  return refused({
    code: 'invalid-body',
    detail: 'The body breaks the rules in errors[]. Nothing was started.',
    errors,
  });
}
