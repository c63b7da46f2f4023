/** The contract with the terminal: main.ts owns the real one, a test its own. */

export type Terminal = {
  /** For results: what somebody may want to pipe on. */
  readonly out: (text: string) => void;
  /** For progress and errors. */
  readonly err: (text: string) => void;
  /** Whether `err` goes to somebody who watches, so that a line may be drawn again and again. */
  readonly isWatched: boolean;
  /** Aborts at Ctrl-C. */
  readonly interrupt: AbortSignal;
};
