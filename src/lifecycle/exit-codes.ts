/** The exit codes of the process; README and runbooks name them, so a changed one is a breaking change. */

export const EXIT_CODES = {
  /** Everything that was open was finished. */
  clean: 0,
  /** An error nobody expected, a port that could not be bound, or a drain that had to cut what was open. */
  failed: 1,
  /** The configuration or the command line is wrong; nothing was started. */
  misconfigured: 2,
  /** The command line asked for a simulation for which there is no room now; the same may be granted later. */
  exhausted: 3,
  /** A third signal asked for the end at once; 128 + 2 is what a shell shows for an interrupted program; a command that Ctrl-C ended gives it too. */
  aborted: 130,
} as const;
