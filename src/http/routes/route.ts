/** The contract of a route file: a function of what it needs that adds its route to the server. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { FastifyBaseLogger, FastifyInstance, RawServerDefault } from 'fastify';
import Type, { type TSchema } from 'typebox';
import { Problem, type ProblemCode, problemOf, statusOf } from '../problem.ts';

/** Fastify, with the types of a handler's input given by its schemas. */
export type App = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;

export type Route = (app: App) => void;

/** Documents an answer in JSON with an example. */
export function json<Schema extends TSchema>(description: string, schema: Schema, example: unknown) {
  return {
    description,
    content: {
      'application/json': { schema, examples: { example: { value: example } } },
    },
  };
}

/** Names a shared schema (server.ts adds them), so that the document holds it once. */
export function shared<Schema extends TSchema>(schema: Schema & { $id?: string }) {
  return Type.Unsafe<Type.Static<Schema>>(Type.Ref(String(schema.$id)));
}

/** What `If-None-Match` is answered with where the representation is the same (representation.ts). */
export const notModified = { 304: Type.Null({ description: 'It is the same as the one with this ETag.' }) };

const exampleOf = (code: ProblemCode) => problemOf({ code, detail: 'What is wrong, and what to do.' }, 'request-0001');

/** Documents the problems that a route may answer with, one entry a status. */
export function problems(...codes: readonly ProblemCode[]) {
  const byStatus = new Map<number, ProblemCode[]>();
  for (const code of ['internal', ...codes] as const) {
    const status = statusOf(code);
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return Object.fromEntries(
    [...byStatus].map(([status, sameStatus]) => [
      status,
      {
        description: `Problem: ${sameStatus.join(', ')}.`,
        content: {
          'application/problem+json': {
            schema: shared(Problem),
            examples: Object.fromEntries(sameStatus.map((code) => [code, { value: exampleOf(code) }])),
          },
        },
      },
    ]),
  );
}
