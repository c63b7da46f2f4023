/** From the request of a kind to the options of its command, and back to a request: one declaration serves both. */
import { type Command as Declared, InvalidArgumentError, Option } from 'commander';
import type { TObject, TSchema } from 'typebox';
import * as Schema from 'typebox/schema';
import { parseCpuAmount, parseDuration, parseMemoryAmount } from '#foundation/quantity.ts';
import { largestAmount, parseShapeArgument, SHAPE_HELP, type ShapeArgument, shapeOf } from './shape-argument.ts';

/** A field of a request as the schema describes it; TypeBox schemas are plain JSON Schema. */
type Field = TSchema & { readonly type?: string; readonly description?: string };

type Declaration = { readonly field: string; readonly option: Option };

export type RequestOptions = {
  readonly add: (command: Declared) => void;
  /** The body to send: what was given, and nothing else, so that the defaults stay those of the API. */
  readonly bodyOf: (options: Readonly<Record<string, unknown>>) => Record<string, unknown>;
  /** The options whose values are not as the schema wants them, each with what it is for. */
  readonly wrongIn: (body: Readonly<Record<string, unknown>>) => readonly string[];
  /** How the command line calls what the API points to as `/seconds` or `/shape/from`. */
  readonly nameOf: (pointer: string) => string;
};

export function requestOptions(request: TObject): RequestOptions {
  const declarations = Object.entries(request.properties as Record<string, Field>).map(([field, schema]) => ({
    field,
    option: optionOf(field, schema),
  }));
  const find = (field: string) => declarations.find((declaration: Declaration) => declaration.field === field);
  return {
    add: (command) => {
      for (const { option } of declarations) command.addOption(option);
    },
    bodyOf: (options) => {
      const given = declarations.map(({ field, option }) => [field, options[option.attributeName()]] as const);
      return withShape(Object.fromEntries(given.filter(([, value]) => value !== undefined)));
    },
    wrongIn: (body) =>
      declarations.flatMap(({ field, option }) => {
        const schema = (request.properties as Record<string, Field>)[field] ?? false;
        if (body[field] === undefined || Schema.Check(schema, body[field])) return [];
        const shape = field === 'shape' ? shapeOf(body[field] as ShapeArgument, wholeIn(body)) : undefined;
        if (shape?.ok === false) return [`${option.long}: ${shape.refusal}`];
        return [`${option.long} is not right: ${option.description}`];
      }),
    nameOf: (pointer) => {
      const [, field = '', ...deeper] = pointer.split('/');
      const name = find(field)?.option.long ?? pointer;
      return deeper.length > 0 ? `${name} (${deeper.join('.')})` : name;
    },
  };
}

/** The amount that a shape is a part of, in cores or bytes; nothing where it is a share of a limit. */
function wholeIn({ cpu, memory }: Readonly<Record<string, unknown>>): number | undefined {
  const cores = typeof cpu === 'string' || typeof cpu === 'number' ? parseCpuAmount(cpu) : undefined;
  if (cores?.type === 'cores') return cores.cores;
  const bytes = typeof memory === 'string' || typeof memory === 'number' ? parseMemoryAmount(memory) : undefined;
  return bytes?.type === 'bytes' ? bytes.bytes : undefined;
}

/** Amounts in a shape as the shares that the API takes. Without an amount beside it, the largest of them is the whole. */
function withShape(body: Record<string, unknown>): Record<string, unknown> {
  if (body['shape'] === undefined) return body;
  const argument = body['shape'] as ShapeArgument;
  const largest = largestAmount(argument);
  if (largest === undefined) return body;
  const amount =
    body['cpu'] ??
    body['memory'] ??
    (largest < LEAST_BYTES ? { cpu: `${Math.round(largest * 1000)}m` } : { memory: largest });
  const whole = typeof amount === 'object' ? { ...body, ...amount } : body;
  const shape = shapeOf(argument, wholeIn(whole));
  return shape.ok ? { ...whole, shape: shape.value } : whole;
}

/** No machine has so many cores, and no simulation of memory so few bytes. */
const LEAST_BYTES = 100_000;

function optionOf(field: string, { type, description = '' }: Field): Option {
  // Text from the API documentation: its code marks mean nothing here.
  const text = description.replaceAll('`', '');
  if (field === 'seconds') {
    // A default is said in words there (kinds/common.ts).
    const [, byDefault] = / (\d+) by default/.exec(text) ?? [];
    const more = byDefault === undefined ? '' : ` Default: ${byDefault}s.`;
    return parsed(
      '--for <duration>',
      `how long: 60s, 5m, 1m30s.${more}`,
      parseDuration,
      'a duration such as 60s or 1m30s',
    );
  }
  if (field === 'shape')
    return parsed('--shape <shape>', SHAPE_HELP, parseShapeArgument, 'a shape such as ramp:from=0.1,to=1');
  const name = `--${field.replaceAll('_', '-')}`;
  if (type === 'boolean') return new Option(name, text);
  if (type === 'number' || type === 'integer') return parsed(`${name} <number>`, text, parseNumber, 'a number');
  return new Option(`${name} <${type === 'string' ? 'text' : 'amount'}>`, text);
}

function parsed(flags: string, text: string, parse: (text: string) => unknown, expected: string): Option {
  return new Option(flags, text).argParser((given) => {
    const value = parse(given);
    if (value === undefined) throw new InvalidArgumentError(`It must be ${expected}.`);
    return value;
  });
}

function parseNumber(text: string): number | undefined {
  return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : undefined;
}
