/**
 * Makes of the OpenAPI document what generators of clients take: a schema with a title becomes a component of that name, and every number says its
 * size. Tried with openapi-typescript, openapi-python-client, oapi-codegen, and openapi-generator's python, typescript-fetch, go and java.
 */
import { Failure } from '#foundation/failure.ts';

type Json = { [key: string]: unknown };
type Components = Record<string, unknown>;

/** Values of these are no schemas, whatever they look like. */
const EXAMPLES: ReadonlySet<string> = new Set(['example', 'examples', 'default']);

/** @param document is changed in place. @throws Failure `two-schemas` where two different schemas have one title. */
export function nameComponents(document: { paths?: unknown; components?: { schemas?: unknown } | undefined }): void {
  const components: Components = {};
  document.components ??= {};
  const shared = Object.entries((document.components.schemas ?? {}) as Components);
  // Those that had a name before are theirs already; what is within them is named as everything else.
  for (const [name, schema] of shared) components[name] = within(named(schema), components);
  document.paths = named(document.paths, components);
  document.components.schemas = Object.fromEntries(Object.entries(components).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  for (const schema of Object.values(components)) addMapping(schema as Json, components);

  /** Of a component: its own title is the name that it has. */
  function within(schema: unknown, into: Components): unknown {
    const { title: _, ...rest } = schema as Json;
    return named(rest, into);
  }

  function named(value: unknown, into?: Components): unknown {
    if (Array.isArray(value)) return value.map((each) => named(each, into));
    if (typeof value !== 'object' || value === null) return value;
    if (into === undefined) return value;
    const given = value as Json;
    const { title } = given;
    if (typeof title === 'string' && isSchema(given)) {
      // A named choice of a text or a number: as anyOf, typescript-fetch would make an empty type of it.
      const { anyOf, ...rest } = given;
      keep(title, within(anyOf === undefined ? rest : { ...rest, oneOf: anyOf }, into), into);
      return { $ref: `#/components/schemas/${title}` };
    }
    const entries = Object.entries(plain(given)).map(([name, each]) => [
      name,
      EXAMPLES.has(name) ? each : named(each, into),
    ]);
    return Object.fromEntries(entries);
  }
}

const isSchema = (value: Json) => ['type', 'oneOf', 'anyOf', 'enum', 'properties'].some((keyword) => keyword in value);

function keep(name: string, schema: unknown, components: Components): void {
  const before = components[name];
  if (before !== undefined && JSON.stringify(before) !== JSON.stringify(schema)) {
    throw new Failure(
      'two-schemas',
      `Two different schemas have the title ${name}; each would be the component of that name.`,
    );
  }
  components[name] = schema;
}

/** One schema in the words that all generators understand. */
function plain(schema: Json): Json {
  const { type, enum: values, anyOf, format } = schema;
  // Without a size, numbers are cut to 32 bits in go and java: less than the memory of any node.
  if (type === 'integer' && format === undefined) return { ...schema, format: 'int64' };
  if (type === 'number' && format === undefined) return { ...schema, format: 'double' };
  if (Array.isArray(values) && values.length === 1) {
    const { enum: _, ...rest } = schema;
    return { ...rest, const: values[0] };
  }
  if (Array.isArray(values) && type === undefined && values.every((value) => typeof value === 'string')) {
    return { ...schema, type: 'string' };
  }
  if (!Array.isArray(anyOf)) return schema;
  // What may be null beside several forms is one choice, not a choice within a choice.
  const inner = (anyOf as readonly Json[]).find((each) => Array.isArray(each['anyOf']) && each['title'] === undefined);
  if (inner === undefined) return schema;
  const { anyOf: forms, ...words } = inner;
  return { ...words, ...schema, anyOf: [...(forms as readonly Json[]), ...anyOf.filter((each) => each !== inner)] };
}

/** Which component stands behind each word of a discriminator: without it, half of the generators make nothing of a union. */
function addMapping(schema: Json, components: Components): void {
  const { discriminator, oneOf } = schema as { discriminator?: Json; oneOf?: readonly { readonly $ref?: string }[] };
  const property = discriminator?.['propertyName'];
  if (discriminator === undefined || typeof property !== 'string' || oneOf === undefined) return;
  discriminator['mapping'] = Object.fromEntries(
    oneOf.flatMap(({ $ref = '' }) => {
      const member = components[$ref.slice($ref.lastIndexOf('/') + 1)] as
        | { properties?: Record<string, Json> }
        | undefined;
      const word = member?.properties?.[property]?.['const'];
      return typeof word === 'string' ? [[word, $ref]] : [];
    }),
  );
}
