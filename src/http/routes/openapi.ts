/** GET /openapi.json: the contract, made from the schemas that validate requests. */
import { loosen } from '../wire/response-headers.ts';
import { jsonRepresentation, REVALIDATED, type Representation, sendRepresentation } from './representation.ts';
import { notModified, problems, type Route } from './route.ts';

export const openApiRoute: Route = (app) => {
  // Written once: it is large, it never changes, and every answer shares it.
  let document: Representation | undefined;
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
          ...notModified,
          ...problems(),
        },
      },
    },
    async (request, reply) => {
      document ??= jsonRepresentation(app.swagger());
      return sendRepresentation(request, loosen(reply, REVALIDATED), document);
    },
  );
};
