/** How a simulation may be refused: each code with what it is called, and whether waiting or somebody else can help. */

import type { Refusal } from '#foundation/outcome.ts';

/**
 * - `wrong`: the same request will never be granted here.
 * - `busy`: it may be granted once something that runs has ended.
 * - `unavailable`: it is not the caller's doing; another replica, or a repair, may help.
 */
export type RefusalSort = 'wrong' | 'busy' | 'unavailable';

/** What a code means; its HTTP status, its exit code and its metric label follow from it. */
export type RefusalMeaning = { readonly sort: RefusalSort; readonly title: string };
export type RefusalMeanings<Code extends string = string> = Readonly<Record<Code, RefusalMeaning>>;

/** Of every kind: the engine itself refuses so, and the words in which all kinds refuse a body. */
export const ENGINE_REFUSALS = {
  'invalid-body': { sort: 'wrong', title: 'The body is not as documented' },
  'over-cap': { sort: 'wrong', title: 'More than this service allows' },
  'capacity-exhausted': { sort: 'busy', title: 'No capacity at the moment' },
  draining: { sort: 'unavailable', title: 'This replica is stopping' },
} as const satisfies RefusalMeanings;
export type EngineRefusalCode = keyof typeof ENGINE_REFUSALS;

/** Of the kinds that take an amount of what the container has. */
export const AMOUNT_REFUSALS = {
  'over-capacity': { sort: 'wrong', title: 'More than there is here' },
  'limit-unreadable': { sort: 'unavailable', title: 'A limit of this container cannot be read' },
} as const satisfies RefusalMeanings;

/** The codes of a refusal that are a kind's own. */
export type OwnCode<Of extends Refusal> = Exclude<Of['code'], EngineRefusalCode>;

/** How a kind that takes an amount refuses, in the ways that all such kinds share. */
export type AmountRefusal = Refusal<keyof typeof AMOUNT_REFUSALS | EngineRefusalCode>;
