/** Values of options as several commands take them: each reads one word, or says what it must be. */
import { InvalidArgumentError, Option } from 'commander';
import { parseCpuAmount, parseDuration } from '#foundation/quantity.ts';
import { parseShapeArgument, SHAPE_HELP } from './shape-argument.ts';

/** In seconds. */
export function durationArgument(text: string): number {
  const seconds = parseDuration(text);
  if (seconds === undefined) throw new InvalidArgumentError('It must be a duration such as 500ms, 3s or 1m30s.');
  return seconds;
}

export function urlArgument(text: string): URL {
  const url = URL.parse(text);
  if (url !== null && /^https?:$/.test(url.protocol)) return url;
  throw new InvalidArgumentError('It must begin with http:// or https://.');
}

/** In cores. */
export function coresArgument(text: string): number {
  const amount = parseCpuAmount(text);
  if (amount?.type === 'cores') return amount.cores;
  throw new InvalidArgumentError('It must be an amount of CPU such as 250m or 1.5, at least 1m and below 1000.');
}

export function numberArgument(text: string): number {
  if (/^\d{1,9}(\.\d{1,6})?$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a number.');
}

/** The sign may be written. */
export const percentArgument = (text: string): number => numberArgument(text.replace(/%$/, ''));

export function integerArgument(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a whole number.');
}

export function shapeOption(): Option {
  return new Option('--shape <shape>', SHAPE_HELP).argParser((text) => {
    const shape = parseShapeArgument(text);
    if (shape !== undefined) return shape;
    throw new InvalidArgumentError('It must be a shape such as ramp:from=0.1,to=1.');
  });
}
