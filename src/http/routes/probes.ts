/** GET /health and GET /ready: what the kubelet asks. They do no work, so that they answer whatever the load is. */
import type { FastifyReply } from 'fastify';
import Negotiator from 'negotiator';
import Type from 'typebox';
import { nullable } from '#foundation/scalars.ts';
import type { ProbeCatalog } from '#health/catalog.ts';
import { type Evaluation, evaluate } from '#health/evaluation.ts';
import { json, type Route } from './route.ts';

const Checks = Type.Optional(
  Type.Array(
    Type.Object({ name: Type.String(), ok: Type.Boolean(), reason: nullable(Type.String()) }, { title: 'Check' }),
    {
      description: 'Each check, with ?verbose.',
    },
  ),
);

/** One form for both answers: the status says which it is. */
const Health = Type.Object({ status: Type.Enum(['ok', 'failed']), checks: Checks }, { title: 'Health' });
const Readiness = Type.Object(
  {
    ready: Type.Boolean(),
    reason: Type.Optional(Type.String({ description: 'The first check that says no; not there where all say yes.' })),
    checks: Checks,
  },
  { title: 'Readiness' },
);

const querystring = Type.Object(
  { verbose: Type.Optional(Type.String({ description: 'Adds each check; its value does not matter.' })) },
  { additionalProperties: true },
);

export function healthRoute(probes: ProbeCatalog): Route {
  return (app) => {
    app.get(
      '/health',
      {
        config: { access: 'public', isProbe: true },
        schema: {
          operationId: 'getHealth',
          tags: ['probes'],
          summary: 'Liveness',
          description: 'Fails only where a restart would help. It stays ok under load and while draining.',
          querystring,
          response: {
            200: withText(json('Alive.', Health, { status: 'ok' })),
            503: withText(json('A restart would help.', Health, { status: 'failed' })),
          },
        },
      },
      (request, reply) => {
        const evaluation = evaluate(probes.liveness);
        const { ok, checks } = evaluation;
        reply.code(ok ? 200 : 503);
        if (wantsText(request)) return asText(reply, 'health', evaluation);
        const verbose = request.query.verbose === undefined ? {} : { checks: [...checks] };
        return ok ? { status: 'ok' as const, ...verbose } : { status: 'failed' as const, ...verbose };
      },
    );
  };
}

export function readyRoute(probes: ProbeCatalog): Route {
  return (app) => {
    app.get(
      '/ready',
      {
        config: { access: 'public', isProbe: true },
        schema: {
          operationId: 'getReadiness',
          tags: ['probes'],
          summary: 'Readiness',
          description: 'Whether this replica wants traffic. The reason names the first check that says no.',
          querystring,
          response: {
            200: withText(json('Send traffic.', Readiness, { ready: true })),
            503: withText(json('Send it elsewhere.', Readiness, { ready: false, reason: 'draining' })),
          },
        },
      },
      (request, reply) => {
        const evaluation = evaluate(probes.readiness);
        const { ok, reason, checks } = evaluation;
        reply.code(ok ? 200 : 503);
        if (wantsText(request)) return asText(reply, 'ready', evaluation);
        const verbose = request.query.verbose === undefined ? {} : { checks: [...checks] };
        return reason === null ? { ready: true as const, ...verbose } : { ready: false as const, reason, ...verbose };
      },
    );
  };
}

/** Documents that an answer also comes as text. */
function withText<Answer extends { readonly content: object }>(answer: Answer) {
  return {
    ...answer,
    content: { ...answer.content, 'text/plain': { schema: Type.Unsafe<string>({ type: 'string' }) } },
  };
}

function wantsText(request: {
  readonly query: { verbose?: string };
  readonly headers: { accept?: string | undefined };
}): boolean {
  if (request.query.verbose === undefined) return false;
  return new Negotiator(request).mediaType(['application/json', 'text/plain']) === 'text/plain';
}

/** One line a check, then the sum, as the kube-apiserver's /livez?verbose. */
function asText(reply: FastifyReply, name: string, { ok, checks }: Evaluation): string {
  const lines = checks.map((check) => (check.ok ? `[+]${check.name} ok` : `[-]${check.name} failed: ${check.reason}`));
  reply.type('text/plain; charset=utf-8');
  return [...lines, `${name} check ${ok ? 'passed' : 'failed'}`, ''].join('\n');
}
