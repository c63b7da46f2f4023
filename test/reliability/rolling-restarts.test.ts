/** Replicas are restarted one after the other behind real balancers, under load from clients that never retry. */
import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { hasTool } from '#test/support/tool.ts';
import { type Balancer, startHaproxy, startNginx } from './support/balancer.ts';
import { startClients, type Tally } from './support/clients.ts';
import { freePorts } from './support/ports.ts';
import { Replica } from './support/replica.ts';

/** For each front. The soak asks for more. */
const REQUESTS = Number(process.env['REQUESTS'] ?? 200_000);
const LEAST_RESTARTS = Number(process.env['RESTARTS'] ?? 10);
/** How much later than SIGTERM the balancer learns of it: the endpoint's way through a cluster. */
const LAG_MS = { least: 1000, most: 2000 };
const DRAIN_DELAY_SECONDS = 2.5;

const NO_CONNECTION_CLOSE = fileURLToPath(new URL('./support/no-connection-close.ts', import.meta.url));

type Front = 'HAProxy mode http' | 'HAProxy mode tcp' | 'nginx';

type Rig = {
  readonly front: Front;
  readonly requests: number;
  readonly restarts: number;
  readonly settings?: Readonly<Record<string, string>>;
  readonly nodeOptions?: readonly string[];
};

async function start(front: Front, port: number, replicas: readonly number[], folder: string): Promise<Balancer> {
  if (front === 'nginx') return startNginx(port, replicas, folder);
  return startHaproxy(front === 'HAProxy mode http' ? 'http' : 'tcp', port, replicas, folder);
}

/** Restarts two replicas in turn until there were enough requests and restarts. */
async function roll(test: TestContext, rig: Rig): Promise<{ tally: Tally; restarts: number; codes: unknown[] }> {
  const folder = mkdtempSync(join(tmpdir(), 'skyops-rolling-'));
  const [balancerPort = 0, ...ports] = await freePorts(3);
  const replicas = ports.map(
    (port) =>
      new Replica({
        port,
        logFile: join(folder, `${port}.log`),
        settings: { SKYOPS_DRAIN_DELAY_SECONDS: String(DRAIN_DELAY_SECONDS), ...rig.settings },
        nodeOptions: rig.nodeOptions ?? [],
      }),
  );
  test.after(() => Promise.all(replicas.map((replica) => replica.kill())));
  await Promise.all(replicas.map((replica) => replica.start()));
  const balancer = await start(rig.front, balancerPort, ports, folder);
  test.after(() => balancer.close());
  const clients = startClients(test, balancerPort, { areAllFresh: rig.front === 'nginx' });
  const codes: unknown[] = [];
  let restarts = 0;
  while (restarts < rig.restarts || clients.tally.requests < rig.requests) {
    const replica = replicas[restarts % replicas.length] as Replica;
    replica.signal('SIGTERM');
    await pause(LAG_MS.least + Math.random() * (LAG_MS.most - LAG_MS.least));
    await balancer.remove(replica.port);
    codes.push(await replica.exited());
    await replica.start();
    await balancer.add(replica.port);
    restarts += 1;
    await pause(300);
  }
  await clients.stop();
  const { tally } = clients;
  test.diagnostic(
    `${rig.front}: ${tally.requests} requests, ${restarts} restarts, ${tally.lost.length} lost; ${[...tally.answers].map(([kind, count]) => `${kind}: ${count}`).join(', ')}`,
  );
  return { tally, restarts, codes };
}

describe('a rolling restart under load', { timeout: 1_800_000 }, () => {
  for (const front of ['HAProxy mode http', 'HAProxy mode tcp', 'nginx'] as const) {
    it(`loses no request behind ${front}`, { timeout: 1_800_000 }, async (test) => {
      if (!hasTool(test, front === 'nginx' ? 'nginx' : 'haproxy')) return;
      const { tally, codes } = await roll(test, { front, requests: REQUESTS, restarts: LEAST_RESTARTS });
      assert.deepEqual(tally.lost, []);
      assert.deepEqual([...new Set(codes)], [0], 'every replica ended cleanly');
    });
  }

  // The rig must be able to see a loss: what others do has to lose requests in it.
  it('is seen to lose requests where a replica closes at once', { timeout: 120_000 }, async (test) => {
    if (!hasTool(test, 'haproxy')) return;
    const settings = { SKYOPS_DRAIN_DELAY_SECONDS: '0' };
    const { tally } = await roll(test, { front: 'HAProxy mode http', requests: 0, restarts: 4, settings });
    assert.ok(tally.lost.length >= 40, `${tally.lost.length} lost in 4 restarts`);
  });

  it('is seen to lose requests in tcp mode where a replica waits without Connection: close', {
    timeout: 300_000,
  }, async (test) => {
    if (!hasTool(test, 'haproxy')) return;
    const nodeOptions = ['--import', NO_CONNECTION_CLOSE];
    const { tally } = await roll(test, { front: 'HAProxy mode tcp', requests: 0, restarts: 4, nodeOptions });
    assert.ok(tally.lost.length >= 1, `${tally.lost.length} lost in 4 restarts`);
  });
});
