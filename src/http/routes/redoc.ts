/** GET /redoc: the OpenAPI document to read. */
import { randomBytes } from 'node:crypto';
import { loosen } from '../answer.ts';
import { packageFile, SAME_ORIGIN, SCRIPT, servePageFiles, textFile } from '../page-files.ts';
import type { Route } from './route.ts';

/** Two style sheets that ReDoc's bundle adds without the nonce: an empty one, and a fixed one of its scroll bars. */
const REDOC_STYLES =
  "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=' 'sha256-QMIg+bpjm3JdElJ388KYke01izlUW0UoNOeKjpMxdgc='";

/** A picture that ReDoc's bundle would fetch from its maker's server for the note at the foot of the page. */
const FOREIGN_LOGO = 'https://cdn.redoc.ly/redoc/logo-mini.svg';
const NO_PICTURE = 'data:image/svg+xml,%3Csvg xmlns=%22http://www.w3.org/2000/svg%22/%3E';

/** Relative, because a gateway may have taken a prefix of the path away. styled-components puts the nonce on the style elements that it makes; it must be there before the bundle runs. */
const START = `window.__webpack_nonce__ = document.currentScript.nonce;
document.addEventListener('DOMContentLoaded', () => {
  Redoc.init('openapi.json', { nonce: window.__webpack_nonce__, nativeScrollbars: true }, document.getElementById('redoc'));
});
`;

const FILES = new Map([
  ['start.js', textFile(SCRIPT, START)],
  [
    'bundle.js',
    packageFile(SCRIPT, 'redoc/bundles/redoc.standalone.js', (source) =>
      Buffer.from(source.toString().replaceAll(FOREIGN_LOGO, NO_PICTURE)),
    ),
  ],
]);

export const redocRoute: Route = (app) => {
  app.get('/redoc', { config: { access: 'public' }, schema: { hide: true } }, async (_request, reply) => {
    const nonce = randomBytes(16).toString('base64');
    const policy = `${SAME_ORIGIN}; style-src 'self' 'nonce-${nonce}' ${REDOC_STYLES}; worker-src blob:`;
    return loosen(reply, { 'content-security-policy': policy })
      .header('content-type', 'text/html; charset=utf-8')
      .send(page(nonce));
  });
  servePageFiles(app, '/redoc', FILES);
};

function page(nonce: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>SkyOps API</title>
<meta name="description" content="Every endpoint of this SkyOps, to read.">
<link rel="icon" href="data:,">
<style nonce="${nonce}">body { margin: 0 }</style>
<script src="redoc/start.js" nonce="${nonce}"></script>
<script src="redoc/bundle.js" defer></script>
</head>
<body><main id="redoc"></main></body>
</html>
`;
}
