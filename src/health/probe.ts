/** The contract of a probe: one question about this replica, answered without waiting. */

export type Verdict = { readonly ok: true } | { readonly ok: false; readonly reason: string };

export type Probe = {
  readonly name: string;
  /** Reads state that is already there; it does no I/O, takes no lock and cannot hang. */
  readonly evaluate: () => Verdict;
};

export const OK: Verdict = { ok: true };
