/** The OpenAPI document as tests use it: what it promises of each operation, and a check of values against it. */
import assert from 'node:assert/strict';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

export type Schema = Readonly<Record<string, unknown>>;

type MediaType = { readonly schema: Schema; readonly examples?: Record<string, { value: unknown }> };

type Parameter = {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required?: boolean;
  readonly schema: Schema;
};

export type Operation = {
  readonly operationId?: string;
  readonly summary?: string;
  readonly description?: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Record<string, { readonly schema: Schema }> };
  readonly responses: Record<string, { description: string; content?: Record<string, MediaType> }>;
};

export type Document = {
  readonly openapi: string;
  readonly paths: Record<string, Record<string, Operation>>;
  readonly components: { schemas: Record<string, Schema> };
};

export type Validators = {
  /** For what stands at the place in the document. */
  readonly at: (...place: readonly string[]) => ValidateFunction;
  /** Fails with every error unless the value is as the place says. */
  readonly check: (place: readonly string[], value: unknown, what: string) => void;
};

export function validatorsOf(document: Document): Validators {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  addFormats.default(ajv);
  ajv.addSchema(document, 'openapi');
  const compiled = new Map<string, ValidateFunction>();
  const escaped = (part: string) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'));
  const at = (...place: readonly string[]) => {
    const pointer = place.map(escaped).join('/');
    let validate = compiled.get(pointer);
    if (validate === undefined) {
      validate = ajv.compile({ $ref: `openapi#/${pointer}` });
      compiled.set(pointer, validate);
    }
    return validate;
  };
  return {
    at,
    check: (place, value, what) => {
      const validate = at(...place);
      assert.ok(validate(value), `${what}: ${ajv.errorsText(validate.errors)}`);
    },
  };
}
