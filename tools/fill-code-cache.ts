/** Runs the bundled service once, as it would be used, and keeps the code that V8 compiled: `node dist/src/fill-code-cache.js`. */
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { collectOnlyOnDemand } from '../src/heap.ts';
import { isCached, serve, writeCache } from './cached-service.ts';

/** A minute: the image for another processor is built in an emulation. */
const ATTEMPTS = 2400;

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

const ask = (path: string, options: RequestInit = {}) =>
  fetch(`http://127.0.0.1:${port}${path}`, { ...options, headers: { connection: 'close', ...options.headers } });

async function untilReady(): Promise<void> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const answer = await ask('/ready').catch(() => undefined);
    if (answer?.ok) return;
    await pause(25);
  }
  throw new Error('the service did not become ready');
}

const port = await freePort();
Object.assign(process.env, { SKYOPS_HOST: '127.0.0.1', SKYOPS_PORT: String(port), SKYOPS_LOG_LEVEL: 'error' });
// As main.ts does, because V8 takes the code only under the flags that it was compiled under.
collectOnlyOnDemand();
void serve({ name: 'skyops', version: '0.0.0' });
await untilReady();
for (const path of ['/', '/health', '/status', '/metrics', '/simulations']) await (await ask(path)).text();
const simulated = await ask('/simulate-cpu', {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ cpu: '50m', seconds: 1 }),
});
if (!simulated.ok) throw new Error(`the simulation was refused: ${await simulated.text()}`);
writeCache();
console.log(isCached() ? 'compiled code renewed' : 'compiled code written');
process.exit();
