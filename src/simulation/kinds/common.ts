/** What the kinds say alike: how long, what is too long, what is wrong in a body. */
import Type from 'typebox';
import { type FieldError, type Outcome, refused } from '#foundation/outcome.ts';
import type { Caps } from '../capacity/caps.ts';
import type { CapacityRefusal } from '../capacity/holding.ts';

type Refused = Extract<Outcome<never, CapacityRefusal>, { ok: false }>;

export function secondsField(fallback: number, meaning: string) {
  return Type.Optional(
    Type.Number({
      minimum: 0.1,
      default: fallback,
      description: `${meaning}, in seconds; at most SKYOPS_MAX_SECONDS.`,
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

export function invalid(errors: readonly FieldError[]): Refused {
  return refused({
    code: 'invalid-body',
    detail: 'The body breaks the rules in errors[]. Nothing was started.',
    errors,
  });
}
