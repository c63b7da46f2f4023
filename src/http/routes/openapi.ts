/** GET /openapi.json: the contract, made from the schemas that validate requests. */
import { problems, type Route } from './route.ts';

export const openApiRoute: Route = (app) => {
  // Written once: it is large, it never changes, and every answer shares it.
  let document: Buffer | undefined;
  app.get(
    '/openapi.json',
    {
      config: { access: 'public' },
      schema: {
        operationId: 'getOpenApi',
        tags: ['documentation'],
        summary: 'OpenAPI 3.1 document',
        description: 'Made from the same schemas that validate requests.',
        response: {
          200: {
            description: 'The document.',
            content: { 'application/json': { schema: {}, examples: { example: { value: { openapi: '3.1.0' } } } } },
          },
          ...problems(),
        },
      },
    },
    async (_request, reply) => {
      document ??= Buffer.from(JSON.stringify(app.swagger()));
      return reply.header('content-type', 'application/json; charset=utf-8').send(document);
    },
  );
};
