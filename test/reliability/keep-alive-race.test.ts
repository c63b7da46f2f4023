/** POSTs that arrive in the moment in which an idle connection between proxy and replica ends: whoever keeps it shorter must be the proxy. */
import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { hasTool } from '#test/support/tool.ts';
import { startNginx } from './support/balancer.ts';
import { freePorts } from './support/ports.ts';
import { Replica } from './support/replica.ts';
import { startSlowWire } from './support/slow-wire.ts';

/** Connections that are idle at the same time, each used once in a burst. */
const CONNECTIONS = 300;
const POSTS = Number(process.env['POSTS'] ?? 6000);
/** How long a connection is idle before one of the two ends it. */
const IDLE_MS = 2000;
/** A burst takes so long, so that idle times are spread by as much to both sides of the end. */
const BURST_MS = 80;
/** Of the wire between proxy and replica: for so long the proxy does not know that the replica has ended a connection. */
const WIRE_MS = 20;

type Kept = { readonly byReplicaSeconds: number; readonly byProxySeconds: number };

/** The status, or 0 where there was no answer. A body that is refused starts nothing and leaves the connection open. */
function post(port: number): Promise<number> {
  return new Promise((resolve) => {
    const sent = request(
      {
        port,
        host: '127.0.0.1',
        path: '/simulate-cpu',
        method: 'POST',
        agent: false,
        headers: { 'content-type': 'application/json' },
      },
      (answer) => {
        answer.resume();
        answer.on('close', () => resolve(answer.complete ? (answer.statusCode ?? 0) : 0));
      },
    );
    sent.on('error', () => resolve(0));
    sent.end('{"seconds":"none"}');
  });
}

async function race(test: TestContext, posts: number, { byReplicaSeconds, byProxySeconds }: Kept) {
  const folder = mkdtempSync(join(tmpdir(), 'skyops-keep-alive-'));
  const [proxyPort = 0, wirePort = 0, port = 0] = await freePorts(3);
  const replica = new Replica({
    port,
    logFile: join(folder, 'replica.log'),
    settings: { SKYOPS_KEEP_ALIVE_SECONDS: String(byReplicaSeconds) },
  });
  test.after(() => replica.kill());
  await replica.start();
  await startSlowWire(test, wirePort, port, WIRE_MS);
  const kept = { connections: 2 * CONNECTIONS, seconds: byProxySeconds };
  const proxy = await startNginx(proxyPort, [wirePort], folder, kept);
  test.after(() => proxy.close());
  const statuses: number[] = [];
  let due = performance.now();
  for (let burst = 0; statuses.length < posts; burst += 1) {
    const answers = Array.from({ length: CONNECTIONS }, async (_, index) => {
      await pause(Math.max(0, due + (index / CONNECTIONS) * BURST_MS - performance.now()));
      return post(proxyPort);
    });
    const answered = await Promise.all(answers);
    // The first burst opens the connections.
    if (burst > 0) statuses.push(...answered);
    due += IDLE_MS;
  }
  const lost = statuses.filter((status) => status !== 422).length;
  return { lost, posts: statuses.length };
}

describe('a connection that ends while a request is under way', () => {
  it('loses nothing where the proxy ends it first', async (test) => {
    if (!hasTool(test, 'nginx')) return;
    const { lost, posts } = await race(test, POSTS, { byReplicaSeconds: 4, byProxySeconds: IDLE_MS / 1000 });
    test.diagnostic(`${lost} of ${posts} lost`);
    assert.equal(lost, 0);
  });

  it('the control, in which the replica does, loses some', async (test) => {
    if (!hasTool(test, 'nginx')) return;
    // Node keeps a connection for a second longer than it says.
    const { lost, posts } = await race(test, 1500, { byReplicaSeconds: IDLE_MS / 1000 - 1, byProxySeconds: 60 });
    test.diagnostic(`${lost} of ${posts} lost`);
    assert.ok(lost > 0, 'without a loss here, the other test shows nothing');
  });
});
