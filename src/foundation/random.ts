/** Chance as a value that is handed down, so that a test can own it; nobody else names Math.random. */

/** A number from 0 up to, but not including, 1. */
export type Random = () => number;

/** The real one; not for secrets. */
export const systemRandom: Random = () => Math.random();
