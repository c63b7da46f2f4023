/** GET /docs: the OpenAPI document to try out, in Swagger UI. */
import type { Route } from '../routes/route.ts';
import { loosen } from '../wire/response-headers.ts';
import { packageFile, packageText, SAME_ORIGIN, SCRIPT, servePageFiles } from './page-files.ts';

const STYLE = 'text/css; charset=utf-8';

// The package is a plugin that would serve the same files: with fifteen packages more in the bundle, 30 ms more of every start (measured),
// a second page, and a redirect to what the client sent.
const FILES = new Map([
  ['start.js', packageFile(SCRIPT, '#http/pages/docs-start.js')],
  ['bundle.js', packageFile(SCRIPT, '@fastify/swagger-ui/static/swagger-ui-bundle.js')],
  ['swagger-ui.css', packageFile(STYLE, '@fastify/swagger-ui/static/swagger-ui.css')],
  ['page.css', packageFile(STYLE, '@fastify/swagger-ui/static/index.css')],
  ['favicon.png', packageFile('image/png', '@fastify/swagger-ui/static/favicon-32x32.png')],
]);

const page = packageText('#http/pages/docs.html');

export const swaggerUiRoute: Route = (app) => {
  app.get('/docs', { config: { access: 'public' }, schema: { hide: true } }, async (_request, reply) =>
    loosen(reply, { 'content-security-policy': `${SAME_ORIGIN}; style-src 'self'` })
      .header('content-type', 'text/html; charset=utf-8')
      .send(await page()),
  );
  servePageFiles(app, '/docs', FILES);
};
