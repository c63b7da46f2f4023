/** The race at the end of a kept connection: a proxy that sends a request into a connection that SkyOps just closes answers 502. */
import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { hasTool } from '#test/support/tool.ts';
import { startNginx } from './support/balancer.ts';
import { freePorts } from './support/ports.ts';
import { RawConnection } from './support/raw-connection.ts';
import { Replica } from './support/replica.ts';

const CLIENTS = 200;
const SECONDS = Number(process.env['KEEP_ALIVE_SECONDS'] ?? 30);
/** What Node adds to the idle timeout before it closes (http.Server's keepAliveTimeoutBuffer). */
const BUFFER_MS = 1000;

const BODY = '{"seconds":-1}';
const POST = `POST /simulate-cpu HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: ${BODY.length}\r\n\r\n${BODY}`;

/** POSTs, which nginx never repeats, each as long after the one before as a connection lives, a little more or less. */
async function race(test: TestContext, skyopsSeconds: number, nginxMs: number, gapMs: number) {
  const folder = mkdtempSync(join(tmpdir(), 'skyops-keep-alive-'));
  const [balancerPort = 0, port = 0] = await freePorts(2);
  const replica = new Replica({
    port,
    logFile: join(folder, 'skyops.log'),
    settings: { SKYOPS_KEEP_ALIVE_SECONDS: String(skyopsSeconds) },
  });
  test.after(() => replica.kill());
  await replica.start();
  const balancer = await startNginx(balancerPort, [port], folder, { connections: CLIENTS, timeoutMs: nginxMs });
  test.after(() => balancer.close());
  const statuses = new Map<number, number>();
  const deadline = performance.now() + SECONDS * 1000;
  await Promise.all(
    Array.from({ length: CLIENTS }, async () => {
      while (performance.now() < deadline) {
        const connection = new RawConnection(balancerPort);
        const { status } = await connection.ask(POST);
        connection.close();
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
        await pause(gapMs * (0.97 + Math.random() * 0.06));
      }
    }),
  );
  return Object.fromEntries(statuses);
}

describe('a connection that a proxy keeps', { timeout: 180_000 }, () => {
  it('is never closed under a request, where SkyOps keeps it longer than the proxy', async (test) => {
    if (!hasTool(test, 'nginx')) return;
    // As with the defaults, 75 s here and 60 s there, in less time.
    const statuses = await race(test, 3, 1500, 1500);
    test.diagnostic(`SkyOps keeps longer: ${JSON.stringify(statuses)}`);
    assert.deepEqual(Object.keys(statuses), ['422']);
  });

  it('is now and then, where the proxy keeps it longer: the rig sees it', async (test) => {
    if (!hasTool(test, 'nginx')) return;
    const statuses = await race(test, 1, 60_000, 1000 + BUFFER_MS);
    test.diagnostic(`nginx keeps longer: ${JSON.stringify(statuses)}`);
    assert.ok((statuses[502] ?? 0) >= 1, JSON.stringify(statuses));
  });
});
