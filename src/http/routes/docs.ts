/** GET /openapi.json and the two pages that show it; everything they need is served from here. */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import swaggerUi from '@fastify/swagger-ui';
import { problems, type Route } from './route.ts';

/** Nothing foreign, nothing inline; each page adds only what it cannot do without. */
const SAME_ORIGIN =
  "default-src 'none'; script-src 'self'; connect-src 'self'; img-src 'self' data:; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

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

export const swaggerUiRoute: Route = (app) => {
  app.register(async (pages) => {
    // The plugin adds routes of its own; the pages show nothing that the public document does not.
    pages.addHook('onRoute', (route) => {
      route.config = { ...route.config, access: 'public' };
    });
    pages.addHook('onRequest', (request, reply, done) => {
      const [path] = request.url.split('?');
      // The plugin would redirect to what the client sent, and serve a second page that is not ours.
      if (path === '/docs/static/' || path === '/docs/static/index.html') {
        reply.redirect('/docs');
        return;
      }
      // Parts and preconditions of files that fit into a packet are errors of their own for no gain.
      for (const name of ['range', 'if-match', 'if-unmodified-since']) delete request.headers[name];
      done();
    });
    await pages.register(swaggerUi, {
      routePrefix: '/docs',
      staticCSP: `${SAME_ORIGIN}; style-src 'self'`,
      theme: { title: 'SkyOps API' },
      uiConfig: { docExpansion: 'list', deepLinking: true, layout: 'BaseLayout', validatorUrl: null },
    });
  });
};

/** Two style sheets that ReDoc's bundle adds without the nonce: an empty one, and a fixed one of its scroll bars. */
const REDOC_STYLES =
  "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=' 'sha256-QMIg+bpjm3JdElJ388KYke01izlUW0UoNOeKjpMxdgc='";

/** A picture that ReDoc's bundle would fetch from its maker's server for the note at the foot of the page. */
const FOREIGN_LOGO = 'https://cdn.redoc.ly/redoc/logo-mini.svg';
const NO_PICTURE = 'data:image/svg+xml,%3Csvg xmlns=%22http://www.w3.org/2000/svg%22/%3E';

export const redocRoute: Route = (app) => {
  const source = readFileSync(fileURLToPath(import.meta.resolve('redoc/bundles/redoc.standalone.js')), 'utf8');
  // As bytes, which every answer shares.
  const bundle = Buffer.from(source.replaceAll(FOREIGN_LOGO, NO_PICTURE));
  const schema = { hide: true };
  app.get('/redoc', { config: { access: 'public' }, schema }, async (_request, reply) => {
    const nonce = randomBytes(16).toString('base64');
    return reply
      .header(
        'content-security-policy',
        `${SAME_ORIGIN}; style-src 'self' 'nonce-${nonce}' ${REDOC_STYLES}; worker-src blob:`,
      )
      .header('content-type', 'text/html; charset=utf-8')
      .send(redocPage(nonce));
  });
  app.get('/redoc/bundle.js', { config: { access: 'public' }, schema }, async (_request, reply) =>
    // Without the charset a regular expression in the bundle is misread and the page stays blank.
    reply
      .header('content-type', 'text/javascript; charset=utf-8')
      .header('cache-control', 'public, max-age=3600')
      .send(bundle),
  );
  app.get('/redoc/start.js', { config: { access: 'public' }, schema }, async (_request, reply) =>
    reply.header('content-type', 'text/javascript; charset=utf-8').send(START_REDOC),
  );
};

function redocPage(nonce: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>SkyOps API</title>
<link rel="icon" href="data:,">
<style nonce="${nonce}">body { margin: 0 }</style>
<script src="/redoc/start.js" nonce="${nonce}"></script>
<script src="/redoc/bundle.js" defer></script>
</head>
<body><main id="redoc"></main></body>
</html>
`;
}

/** styled-components puts the nonce on the style elements that it makes; it must be there before the bundle runs. */
const START_REDOC = `window.__webpack_nonce__ = document.currentScript.nonce;
document.addEventListener('DOMContentLoaded', () => {
  Redoc.init('/openapi.json', { nonce: window.__webpack_nonce__, nativeScrollbars: true }, document.getElementById('redoc'));
});
`;
