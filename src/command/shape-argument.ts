/** A shape as one word on a command line: `ramp:from=0.1,to=1`, `ramp:from=100m,to=900m`, `steps:0.25,1,0.5`, or the JSON of the API. */
import * as Schema from 'typebox/schema';
import { granted, type Outcome, refused } from '#foundation/outcome.ts';
import { parseCpuAmount, parseDuration, parseMemoryAmount } from '#foundation/quantity.ts';
import { SHAPES, type Shape, shapeErrors } from '#simulation/shape-schema.ts';

export const SHAPE_HELP =
  'how it changes over time, as shares of the amount or as amounts: constant, ramp:from=0.1,to=1, ramp:from=100m,to=900m, steps:0.25,1,0.5, sine:mean=0.5,amplitude=0.4,period=60s, spike:base=0.1,peak=1,at=10s,for=5s, or JSON';

/** Fields of the API that are durations; here they go without their unit, because the value carries it. */
const DURATIONS: Readonly<Record<string, string>> = {
  period: 'period_seconds',
  at: 'at_seconds',
  for: 'for_seconds',
};

const SECONDS = new Set(Object.values(DURATIONS));

/** Cores or bytes, where a share of the whole could stand. */
type Amount = { readonly amount: number; readonly text: string };

/** What was written; whether it is right is for `shapeOf` to say. */
export type ShapeArgument = { readonly [field: string]: unknown };

/** Nothing where it cannot be read at all. */
export function parseShapeArgument(text: string): ShapeArgument | undefined {
  if (text.startsWith('{')) return parseObject(text);
  const [type = '', rest] = text.split(/:(.*)/s);
  if (rest === undefined || rest === '') return { type };
  const items = rest.split(',');
  if (type === 'steps') {
    const parts = items.map(parsePart);
    return parts.includes(undefined) ? undefined : { type, parts };
  }
  const shape: Record<string, unknown> = { type };
  for (const item of items) {
    const [name = '', value = ''] = item.split(/=(.*)/s);
    const duration = DURATIONS[name];
    const part = duration ? parseDuration(value) : parsePart(value);
    if (part === undefined) return undefined;
    shape[duration ?? name] = part;
  }
  return shape;
}

/** A number is a share of the whole, and so is a percentage; with a unit it is an amount. */
function parsePart(text: string): number | Amount | undefined {
  if (/^-?\d+(\.\d+)?(e-?\d+)?$/i.test(text)) return Number(text);
  const share = parseCpuAmount(text);
  if (share?.type === 'share') return share.ratio;
  if (share?.type === 'cores') return { amount: share.cores, text };
  // An amount of nothing is none for the API, and an honest beginning here.
  if (/^0(m|Ki|Mi|Gi)$/.test(text)) return { amount: 0, text };
  const memory = parseMemoryAmount(text);
  return memory?.type === 'bytes' ? { amount: memory.bytes, text } : undefined;
}

const isAmount = (part: unknown): part is Amount => typeof part === 'object' && part !== null && 'amount' in part;

const amountsIn = (argument: ShapeArgument): readonly Amount[] => Object.values(argument).flat().filter(isAmount);

/** The largest amount that is written in it, in cores or bytes; nothing where it speaks of shares alone. */
export function largestAmount(argument: ShapeArgument): number | undefined {
  const amounts = amountsIn(argument).map(({ amount }) => amount);
  return amounts.length === 0 ? undefined : Math.max(...amounts);
}

/**
 * The shape that the API takes, or a sentence that says what is wrong.
 * @param whole the amount that its parts are shares of, in the unit of the amounts in it; nothing if that is a share of a limit itself.
 */
export function shapeOf(argument: ShapeArgument, whole: number | undefined): Outcome<Shape, string> {
  const tooLarge = amountsIn(argument).find(({ amount }) => whole !== undefined && amount > whole);
  if (tooLarge !== undefined) return refused(`${tooLarge.text} is more than the whole amount.`);
  if (whole === undefined && amountsIn(argument).length > 0) {
    return refused('amounts such as 100m need an amount to be a part of, not a percentage of a limit.');
  }
  // A share above 1 is meant to be cores, or bytes.
  const shares = Object.entries(argument).filter(([name]) => !SECONDS.has(name));
  const bare = shares.flatMap(([, part]) => part).find((part) => typeof part === 'number' && part > 1);
  if (bare !== undefined)
    return refused(`${String(bare)} is a share of the whole, and more than 1; an amount has a unit, such as 3000m.`);
  const share = (part: unknown) => (isAmount(part) && whole !== undefined ? part.amount / whole : part);
  const shape = Object.fromEntries(
    Object.entries(argument).map(([name, part]) => [name, Array.isArray(part) ? part.map(share) : share(part)]),
  );
  if (Schema.Check(SHAPES, shape)) return granted(shape as Shape);
  return refused('it must be a shape such as ramp:from=0.1,to=1 or ramp:from=100m,to=900m; shares are from 0 to 1.');
}

/** What the schema alone cannot say, with the names of the option instead of those of the API. */
export const shapeRefusals = (shape: Shape, seconds: number): readonly string[] =>
  shapeErrors(shape, seconds).map(({ message }) => {
    const words = Object.entries(DURATIONS).reduce((text, [name, field]) => text.replaceAll(field, name), message);
    return `--shape: ${words.replace(/\bseconds\b/, '--for')}.`;
  });

function parseObject(text: string): ShapeArgument | undefined {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
