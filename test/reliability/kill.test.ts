/** Replicas that are killed outright while balancer and clients retry: no simulation runs twice. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
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
const CLIENTS = 6;
const BODY = JSON.stringify({ cpu: '1m', seconds: 0.4 });

/** One start of a simulation, as the log of its replica tells it. */
type Run = { readonly key: string; readonly life: string; readonly fromMs: number; readonly toMs: number };

/** The balancer gives every request an id of its own; the trace is the client's, and stands in the lines of the simulation. */
const traceOf = (key: string) => createHash('md5').update(key).digest('hex');

async function ask(port: number, key: string | undefined): Promise<{ status: number; text: string } | undefined> {
  const answer = await fetch(`http://127.0.0.1:${port}/simulate-cpu`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      connection: 'close',
      ...(key === undefined
        ? {}
        : { 'idempotency-key': `"${key}"`, traceparent: `00-${traceOf(key)}-b7ad6b7169203331-01` }),
    },
    body: BODY,
  }).catch(() => undefined);
  if (answer === undefined) return undefined;
  const text = await answer.text().catch(() => undefined);
  return text === undefined ? undefined : { status: answer.status, text };
}

/** @param killsMs when each of its lives ended. */
function runsOf(replica: Replica, killsMs: readonly number[]): Run[] {
  const runs = new Map<string, Run>();
  let life = -1;
  for (const { msg, time, trace_id, simulation_id } of replica.log) {
    const name = `${replica.port}/${life}`;
    const at = Date.parse(String(time));
    if (msg === 'service started') life += 1;
    if (msg === 'simulation started') {
      const toMs = killsMs[life] ?? Number.POSITIVE_INFINITY;
      runs.set(`${name}/${simulation_id}`, { key: String(trace_id), life: name, fromMs: at, toMs });
    }
    const run = runs.get(`${name}/${simulation_id}`);
    if (msg === 'simulation ended' && run !== undefined) runs.set(`${name}/${simulation_id}`, { ...run, toMs: at });
  }
  return [...runs.values()];
}

/**
 * The keys live in the memory of a replica, as its simulations do, and what it has started dies with it: a retry may begin it again
 * elsewhere. What is promised is that a replica begins it once, and that no two runs of it are alive at the same time.
 */
it(`through ${KILLS} kill -9 with retries, no Idempotency-Key runs twice`, { timeout: 300_000 }, async (test) => {
  if (!hasTool(test, 'haproxy')) return;
  const folder = mkdtempSync(join(tmpdir(), 'skyops-kill-'));
  const [retryingPort = 0, plainPort = 0, ...ports] = await freePorts(4);
  const replicas = ports.map(
    (port) =>
      new Replica({
        port,
        logFile: join(folder, `${port}.log`),
        settings: { SKYOPS_LOG_LEVEL: 'info', SKYOPS_MAX_SIMULATIONS: '100', SKYOPS_POD_NAME: String(port) },
      }),
  );
  test.after(() => Promise.all(replicas.map((replica) => replica.kill())));
  await Promise.all(replicas.map((replica) => replica.start()));
  for (const [port, retries] of [
    [retryingPort, 'retry'],
    [plainPort, 'none'],
  ] as const) {
    const balancer = await startHaproxy('http', port, ports, join(folder, `haproxy-${retries}`), retries);
    test.after(() => balancer.close());
  }

  let isStopped = false;
  const keys = new Set<string>();
  let [retries, repeats] = [0, 0];
  const clients = Array.from({ length: CLIENTS }, async (_, client) => {
    const balancerPort = client % 2 === 0 ? retryingPort : plainPort;
    for (let count = 0; !isStopped; count += 1) {
      const key = `key-${client}-${count}`;
      keys.add(traceOf(key));
      let answer = await ask(balancerPort, key);
      // No answer, or one of the balancer that nobody was there: a client that is not sure asks again.
      for (let attempt = 0; answer?.status !== 200 && attempt < 50; attempt += 1) {
        retries += 1;
        await pause(20);
        answer = await ask(balancerPort, key);
      }
      assert.equal(answer?.status, 200);
      const { id, replica } = JSON.parse(answer.text);
      // Its answer may have been lost on the way: asked once more, the replica knows it, unless it has been killed meanwhile.
      const again = await ask(Number(replica), key);
      if (again?.status === 200 && JSON.parse(again.text).id === id) repeats += 1;
    }
  });
  const killsMs = new Map<Replica, number[]>(replicas.map((replica) => [replica, []]));
  for (let kill = 0; kill < KILLS; kill += 1) {
    const replica = replicas[kill % replicas.length] as Replica;
    await pause(100 + Math.random() * 500);
    killsMs.get(replica)?.push(Date.now());
    replica.signal('SIGKILL');
    await replica.exited();
    await replica.start();
  }
  isStopped = true;
  await Promise.all(clients);
  // The control: without a key the second request is a second simulation, in the same life.
  const twice = [await ask(ports[0] ?? 0, undefined), await ask(ports[0] ?? 0, undefined)];
  const [one, other] = twice.map((answer) => JSON.parse(answer?.text ?? '{}').id);
  assert.notEqual(one, other);

  const runs = replicas.flatMap((replica) => runsOf(replica, killsMs.get(replica) ?? []));
  const ofKey = Map.groupBy(
    runs.filter(({ key }) => keys.has(key)),
    ({ key }) => key,
  );
  const elsewhere = [...ofKey.values()].filter((each) => each.length > 1);
  test.diagnostic(
    `${keys.size} keys, ${retries} retries of clients, ${repeats} repeats answered with the same simulation; ${elsewhere.length} keys begun again after a kill`,
  );
  assert.equal(ofKey.size, keys.size);
  assert.ok(keys.size > 50 && retries > 0 && repeats > 50 && elsewhere.length > 0);
  for (const each of elsewhere) {
    assert.equal(new Set(each.map(({ life }) => life)).size, each.length, 'a replica began it twice');
    const inOrder = each.toSorted((a, b) => a.fromMs - b.fromMs);
    for (const [index, run] of inOrder.entries())
      assert.ok(run.fromMs >= (inOrder[index - 1]?.toMs ?? 0), 'two of its runs were alive at the same time');
  }
});
