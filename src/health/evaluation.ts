/** Asks the probes of one catalog and sums their verdicts up. */
import type { Probe } from './probe.ts';

type CheckResult = { readonly name: string; readonly ok: boolean; readonly reason: string | null };

export type Evaluation = {
  readonly ok: boolean;
  /** Why not, from the first probe that failed. */
  readonly reason: string | null;
  readonly checks: readonly CheckResult[];
};

export function evaluate(probes: readonly Probe[]): Evaluation {
  const checks = probes.map(({ name, evaluate }) => {
    const verdict = evaluate();
    return { name, ok: verdict.ok, reason: verdict.ok ? null : verdict.reason };
  });
  const failed = checks.find((check) => !check.ok);
  return { ok: failed === undefined, reason: failed?.reason ?? null, checks };
}
