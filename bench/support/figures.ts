/** Figures of several rounds, as benches print them. */

export function quantile(values: readonly number[], ratio: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) * ratio)] ?? Number.NaN;
}

export const median = (values: readonly number[]) => quantile(values, 0.5);

/** Median, smallest and largest: `+0.12 [−0.03 … +0.40]`. */
export function spread(values: readonly number[], digits = 2): string {
  const shown = (value: number) => `${value >= 0 ? '+' : '−'}${Math.abs(value).toFixed(digits)}`;
  return `${shown(median(values))} [${shown(Math.min(...values))} … ${shown(Math.max(...values))}]`;
}
