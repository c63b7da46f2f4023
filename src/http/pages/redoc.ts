/** GET /redoc: the OpenAPI document to read. */
import { randomBytes } from 'node:crypto';
import type { Route } from '../routes/route.ts';
import { loosen } from '../wire/response-headers.ts';
import { packageFile, packageText, SAME_ORIGIN, SCRIPT, servePageFiles } from './page-files.ts';

/** Two style sheets that ReDoc's bundle adds without the nonce: an empty one, and a fixed one of its scroll bars. */
const REDOC_STYLES =
  "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=' 'sha256-QMIg+bpjm3JdElJ388KYke01izlUW0UoNOeKjpMxdgc='";

/** A picture that ReDoc's bundle would fetch from its maker's server for the note at the foot of the page. */
const FOREIGN_LOGO = 'https://cdn.redoc.ly/redoc/logo-mini.svg';
const NO_PICTURE = 'data:image/svg+xml,%3Csvg xmlns=%22http://www.w3.org/2000/svg%22/%3E';

const FILES = new Map([
  ['start.js', packageFile(SCRIPT, '#http/pages/redoc-start.js')],
  [
    'bundle.js',
    packageFile(SCRIPT, 'redoc/bundles/redoc.standalone.js', (source) =>
      Buffer.from(source.toString().replaceAll(FOREIGN_LOGO, NO_PICTURE)),
    ),
  ],
]);

const page = packageText('#http/pages/redoc.html');

export const redocRoute: Route = (app) => {
  app.get('/redoc', { config: { access: 'public' }, schema: { hide: true } }, async (_request, reply) => {
    const nonce = randomBytes(16).toString('base64');
    const policy = `${SAME_ORIGIN}; style-src 'self' 'nonce-${nonce}' ${REDOC_STYLES}; worker-src blob:`;
    return loosen(reply, { 'content-security-policy': policy })
      .header('content-type', 'text/html; charset=utf-8')
      .send((await page()).replaceAll('NONCE', nonce));
  });
  servePageFiles(app, '/redoc', FILES);
};
