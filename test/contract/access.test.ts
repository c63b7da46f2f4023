/** Every route says who may call it. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fastify from 'fastify';
import { requireDeclaredAccess } from '#http/access.ts';

describe('access', () => {
  it('a route that does not declare it refuses to boot, and is named', async () => {
    const app = fastify();
    requireDeclaredAccess(app);
    app.get('/open', { config: { access: 'public' } }, async () => '');
    app.post('/forgotten', async () => '');
    await assert.rejects(async () => app.ready(), /do not declare their access: POST \/forgotten\./);
  });

  it('a route that declares something else refuses to boot', async () => {
    const app = fastify();
    requireDeclaredAccess(app);
    app.get('/odd', { config: { access: 'everybody' as 'public' } }, async () => '');
    await assert.rejects(async () => app.ready(), /GET \/odd/);
  });

  it('routes that all declare it boot', async () => {
    const app = fastify();
    requireDeclaredAccess(app);
    app.get('/open', { config: { access: 'public' } }, async () => '');
    await app.ready();
  });
});
