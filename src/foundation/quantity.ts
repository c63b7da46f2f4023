/** Amounts as Kubernetes writes them: `250m` and `1.5` cores, or `70%` of a limit. */

/** Thousandths of a core, the unit in which Kubernetes counts CPU. */
export type CpuAmount =
  | { readonly type: 'cores'; readonly cores: number }
  | { readonly type: 'share'; readonly ratio: number };

/**
 * The spellings of a CPU amount, for a schema: `250m`, `1.5`, `70%`. Kubernetes' other spellings (`1e3`, `1Gi`, `250u`) are left out: as
 * cores they are slips. At most three decimals, because a thousandth of a core is the smallest unit that Kubernetes
 * knows.
 */
export const CPU_PATTERN = '^(\\d{1,6}m|\\d{1,3}(\\.\\d{1,3})?|\\d{1,3}(\\.\\d{1,2})?%)$';

/** @param text matches CPU_PATTERN. A number is cores. Gives nothing for less than a thousandth or more than the whole. */
export function parseCpuAmount(text: string | number): CpuAmount | undefined {
  if (typeof text === 'number') return coresOf(text);
  if (!new RegExp(CPU_PATTERN).test(text)) return undefined;
  if (text.endsWith('m')) return coresOf(Number(text.slice(0, -1)) / 1000);
  if (!text.endsWith('%')) return coresOf(Number(text));
  const ratio = Number(text.slice(0, -1)) / 100;
  return ratio > 0 && ratio <= 1 ? { type: 'share', ratio } : undefined;
}

function coresOf(cores: number): CpuAmount | undefined {
  return Number.isFinite(cores) && cores >= 0.001 ? { type: 'cores', cores } : undefined;
}
