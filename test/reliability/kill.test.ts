/** Replicas that are killed outright behind a balancer that retries: no simulation runs twice. */
import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { hasTool } from '#test/support/tool.ts';
import { startHaproxy } from './support/balancer.ts';
import { freePorts } from './support/ports.ts';
import { Replica } from './support/replica.ts';

const KILLS = Number(process.env['KILLS'] ?? 20);

/**
 * The keys live in the memory of a replica, as its simulations do. What one replica has started dies with it; what is
 * promised is that of all the runs that a key ever started at most one is alive at a time, and at most one is completed.
 */
it(`after ${KILLS} kill -9 and with retries, no Idempotency-Key has two runs`, { timeout: 300_000 }, async (test) => {
  if (!hasTool(test, 'haproxy')) return;
  const folder = mkdtempSync(join(tmpdir(), 'skyops-kill-'));
  const [balancerPort = 0, ...ports] = await freePorts(3);
  const replicas = ports.map(
    (port) =>
      new Replica({
        port,
        logFile: join(folder, `${port}.log`),
        settings: { SKYOPS_LOG_LEVEL: 'info', SKYOPS_MAX_SIMULATIONS: '100' },
      }),
  );
  test.after(() => Promise.all(replicas.map((replica) => replica.kill())));
  await Promise.all(replicas.map((replica) => replica.start()));
  const balancer = await startHaproxy('http', balancerPort, ports, join(folder, 'haproxy'), 'retry');
  test.after(() => balancer.close());

  let isStopped = false;
  const statuses = new Map<string, number>();
  const clients = Array.from({ length: 6 }, async (_, client) => {
    for (let count = 0; !isStopped; count += 1) {
      const key = `key-${client}-${count}`;
      const ask = () =>
        fetch(`http://127.0.0.1:${balancerPort}/simulate-cpu`, {
          method: 'POST',
          headers: {
            'content-type': 'application/json',
            'idempotency-key': `"${key}"`,
            'x-request-id': `request-${key}`,
            connection: 'close',
          },
          body: JSON.stringify({ cpu: '1m', seconds: 0.4 }),
        }).then(
          async (answer) => ({ status: String(answer.status), text: await answer.text() }),
          () => ({ status: 'none', text: '' }),
        );
      const { status, text } = await ask();
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      // A client that has its answer asks again, as one does that is not sure: from the same replica the same simulation.
      if (status === '200') assert.equal(JSON.parse(text).ended_because, 'completed');
    }
  });
  for (let kill = 0; kill < KILLS; kill += 1) {
    const replica = replicas[kill % replicas.length] as Replica;
    await pause(100 + Math.random() * 500);
    replica.signal('SIGKILL');
    await replica.exited();
    await replica.start();
  }
  isStopped = true;
  await Promise.all(clients);
  await pause(500);

  // Of each key: when its runs began, and which of them came to their end.
  const started = new Map<string, number>();
  const completed = new Map<string, number>();
  for (const { msg, request_id: key } of replicas.flatMap(({ log }) => log)) {
    if (msg === 'simulation started') started.set(String(key), (started.get(String(key)) ?? 0) + 1);
    if (msg === 'simulation ended') completed.set(String(key), (completed.get(String(key)) ?? 0) + 1);
  }
  test.diagnostic(
    `${started.size} keys, ${[...started.values()].filter((count) => count > 1).length} of them started again on another replica after a kill; answers ${JSON.stringify(Object.fromEntries(statuses))}`,
  );
  assert.ok(started.size > 50);
  assert.deepEqual(
    [...completed].filter(([, count]) => count > 1),
    [],
  );
});
