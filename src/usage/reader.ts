/** The contract of a reader: it looks at one part of the world and says what it sees, now. */

export type Reader<Reading> = {
  readonly name: string;
  /** Never throws: a value that cannot be had here is `null` in the reading. */
  readonly read: () => Reading;
};
