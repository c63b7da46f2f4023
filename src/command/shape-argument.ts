/** A shape as one word on a command line: `ramp:from=0.1,to=1`, `steps:0.25,1,0.5`, or the JSON of the API. */
import { parseDuration } from '#foundation/quantity.ts';

export const SHAPE_HELP =
  'how it changes over time: constant, ramp:from=0.1,to=1, steps:0.25,1,0.5, sine:mean=0.5,amplitude=0.4,period=60s, spike:base=0.1,peak=1,at=10s,for=5s, or JSON';

/** Fields of the API that are durations; here they go without their unit, because the value carries it. */
const DURATIONS: Readonly<Record<string, string>> = {
  period: 'period_seconds',
  at: 'at_seconds',
  for: 'for_seconds',
};

/** Gives what the API would be sent; whether it is right is for the schema to say. Nothing where it cannot be read at all. */
export function parseShapeArgument(text: string): Record<string, unknown> | undefined {
  if (text.startsWith('{')) return parseObject(text);
  const [type = '', rest] = text.split(/:(.*)/s);
  if (rest === undefined || rest === '') return { type };
  const items = rest.split(',');
  if (type === 'steps') {
    const parts = items.map(Number);
    return parts.every((part) => Number.isFinite(part)) ? { type, parts } : undefined;
  }
  const shape: Record<string, unknown> = { type };
  for (const item of items) {
    const [name = '', value] = item.split(/=(.*)/s);
    const duration = DURATIONS[name];
    const amount = value === undefined || value === '' ? undefined : duration ? parseDuration(value) : Number(value);
    if (amount === undefined || !Number.isFinite(amount)) return undefined;
    shape[duration ?? name] = amount;
  }
  return shape;
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
