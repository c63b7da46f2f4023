/** Amounts as Kubernetes writes them: `250m` and `1.5` cores, `256Mi` of memory, or `70%` of a limit; durations as Go does: `1m30s`. */

/** A part of a limit, above 0 up to 1. */
type Share = { readonly type: 'share'; readonly ratio: number };

export type CpuAmount = { readonly type: 'cores'; readonly cores: number } | Share;

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
  return shareOf(text);
}

function coresOf(cores: number): CpuAmount | undefined {
  return Number.isFinite(cores) && cores >= 0.001 ? { type: 'cores', cores } : undefined;
}

export type MemoryAmount = { readonly type: 'bytes'; readonly bytes: number } | Share;

const BYTES_OF_UNIT: Readonly<Record<string, number>> = {
  '': 1,
  k: 1000,
  M: 1000 ** 2,
  G: 1000 ** 3,
  T: 1000 ** 4,
  Ki: 1024,
  Mi: 1024 ** 2,
  Gi: 1024 ** 3,
  Ti: 1024 ** 4,
};

/**
 * The spellings of an amount of memory, for a schema: `256Mi`, `1.5Gi`, `500M`, bytes, `60%`. Kubernetes' `m` (thousandths of a
 * byte) and exponents are left out: as memory they are slips.
 */
export const MEMORY_PATTERN = '^(\\d{1,15}|\\d{1,6}(\\.\\d{1,3})?(Ki|Mi|Gi|Ti|k|M|G|T)|\\d{1,3}(\\.\\d{1,2})?%)$';

/** @param text matches MEMORY_PATTERN. A number is bytes. Gives nothing for less than a byte or more than the whole. */
export function parseMemoryAmount(text: string | number): MemoryAmount | undefined {
  if (typeof text === 'number') return bytesOf(text);
  if (!new RegExp(MEMORY_PATTERN).test(text)) return undefined;
  if (text.endsWith('%')) return shareOf(text);
  const [, digits = '', unit = ''] = /^(\d+(?:\.\d+)?)(\D*)$/.exec(text) ?? [];
  return bytesOf(Number(digits) * (BYTES_OF_UNIT[unit] ?? Number.NaN));
}

/** As Kubernetes would write it, for people: `4Gi`, `1.5Gi`, `812.4Mi`. */
export function shownBytes(bytes: number): string {
  const unit = ['Ti', 'Gi', 'Mi', 'Ki'].find((each) => bytes >= (BYTES_OF_UNIT[each] ?? 0)) ?? '';
  return `${Number((bytes / (BYTES_OF_UNIT[unit] ?? 1)).toFixed(1))}${unit}`;
}

/** As Kubernetes would write it, for people: `250m`, `1500m`, `2`. */
export function shownCores(cores: number): string {
  const thousandths = Math.round(cores * 1000);
  return thousandths % 1000 === 0 ? String(thousandths / 1000) : `${thousandths}m`;
}

function bytesOf(bytes: number): MemoryAmount | undefined {
  return Number.isFinite(bytes) && bytes >= 1 ? { type: 'bytes', bytes: Math.round(bytes) } : undefined;
}

function shareOf(percentage: string): Share | undefined {
  const ratio = Number(percentage.slice(0, -1)) / 100;
  return ratio > 0 && ratio <= 1 ? { type: 'share', ratio } : undefined;
}

const SECONDS_OF_UNIT: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3600 };

/** `60s`, `5m`, `1h30m`, `500ms`, or a number of seconds, in seconds. Gives nothing for any other text. */
export function parseDuration(text: string): number | undefined {
  if (/^\d{1,9}(\.\d{1,3})?$/.test(text)) return Number(text);
  if (!/^(\d{1,9}(\.\d{1,3})?(ms|s|m|h))+$/.test(text)) return undefined;
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(\D+)/gy)];
  return parts.reduce((sum, [, amount, unit = '']) => sum + Number(amount) * (SECONDS_OF_UNIT[unit] ?? 0), 0);
}
