/** The board of what running simulations do to this replica: kinds put effects on it, hooks and probes look at it. */
import type { Cancel } from '#foundation/clock.ts';

/** A sort of effect. The kind that puts it and the hook that applies it share this value; `name` is for people. */
export type EffectKey<Effect> = { readonly name: string; readonly of?: Effect };

/** One effect as whoever applies it sees it. */
export type ActiveEffect<Effect> = {
  readonly effect: Effect;
  /** To be called each time that it was applied: the simulation counts from it. */
  readonly applied: () => void;
};

export class EffectBoard {
  readonly #active = new Map<EffectKey<unknown>, Set<ActiveEffect<unknown>>>();

  /** All that a request pays while no simulation has an effect. */
  get isEmpty(): boolean {
    return this.#active.size === 0;
  }

  /**
   * Puts an effect on the board until it is cancelled.
   * @param onApplied called for each time that it hits something.
   */
  put<Effect>(key: EffectKey<Effect>, effect: Effect, onApplied: () => void): Cancel {
    const active: ActiveEffect<unknown> = { effect, applied: onApplied };
    const ofKey = this.#active.get(key) ?? new Set();
    this.#active.set(key, ofKey.add(active));
    return () => {
      ofKey.delete(active);
      if (ofKey.size === 0 && this.#active.get(key) === ofKey) this.#active.delete(key);
    };
  }

  /** Those of one sort, the oldest first. */
  active<Effect>(key: EffectKey<Effect>): readonly ActiveEffect<Effect>[] {
    // What lies under a key was put under the same key.
    return [...(this.#active.get(key) ?? [])] as ActiveEffect<Effect>[];
  }
}
