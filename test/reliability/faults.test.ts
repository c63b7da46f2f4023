/** Faults from outside while there is load: the process neither exits nor lies, and it recovers when the fault is over. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { missing } from '#test/support/chromium.ts';
import { until } from '#test/support/until.ts';
import { type ClientOptions, startClients } from './support/clients.ts';
import { freePorts } from './support/ports.ts';
import { RawConnection } from './support/raw-connection.ts';
import { Replica, type ReplicaOptions } from './support/replica.ts';

const HEALTH = 'GET /health HTTP/1.1\r\nHost: a\r\n\r\n';
const FAULT_MS = 5000;
const RECOVERY_MS = 2000;

const preload = (name: string) => ['--import', fileURLToPath(new URL(`./support/${name}.ts`, import.meta.url))];

async function replicaOf(test: TestContext, options: Partial<ReplicaOptions> = {}): Promise<Replica> {
  const [port = 0] = await freePorts(1);
  const folder = mkdtempSync(join(tmpdir(), 'skyops-fault-'));
  const replica = new Replica({ port, logFile: join(folder, 'log'), ...options });
  test.after(() => replica.kill());
  await replica.start();
  return replica;
}

/** Load while the fault lasts; every request is answered as it must be, before, during and after. */
async function underLoad(
  test: TestContext,
  replica: Replica,
  fault: () => Promise<void>,
  name: string,
  options: ClientOptions = {},
): Promise<void> {
  const clients = startClients(test, replica.port, options);
  await until('there is load', () => clients.tally.requests > 500);
  await fault();
  const during = clients.tally.requests;
  await until('the load goes on', () => clients.tally.requests > during + 500, RECOVERY_MS);
  await clients.stop();
  test.diagnostic(`${name}: ${clients.tally.requests} requests, ${clients.tally.lost.length} lost`);
  assert.deepEqual(clients.tally.lost, []);
  assert.equal((await fetch(`${replica.url}/ready`, { headers: { connection: 'close' } })).status, 200);
}

const start = (replica: Replica, body: object) =>
  fetch(`${replica.url}/simulate-cpu`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', connection: 'close' },
    body: JSON.stringify(body),
  });

const metric = async (replica: Replica, name: string) => {
  const text = await (await fetch(`${replica.url}/metrics`, { headers: { connection: 'close' } })).text();
  return Number(new RegExp(`^${name} (\\S+)`, 'm').exec(text)?.[1]);
};

describe('under load, the service survives', { timeout: 300_000 }, () => {
  it('a disk that is full for the log: lines are lost and counted, requests are not', async (test) => {
    // Only Linux has it; like every missing tool it fails in CI and is a skip with its reason elsewhere.
    if (!existsSync('/dev/full')) return missing(test, 'there is no /dev/full');
    // 64 KiB of buffer is full after some 200 lines.
    const settings = { SKYOPS_LOG_LEVEL: 'info', SKYOPS_LOG_BUFFER_BYTES: '65536' };
    const replica = await replicaOf(test, { logFile: '/dev/full', settings });
    await underLoad(test, replica, () => pause(FAULT_MS), 'disk full');
    assert.ok((await metric(replica, 'skyops_log_lines_dropped_total')) > 0);
  });

  for (const fault of ['throws', 'exhausts its heap'] as const) {
    it(`a simulation’s thread that ${fault}: its simulation says so, the next one works`, async (test) => {
      const trigger = join(mkdtempSync(join(tmpdir(), 'skyops-trigger-')), 'now');
      const replica = await replicaOf(test, {
        nodeOptions: preload('break-a-thread'),
        // Not one of ours, so it does not begin with SKYOPS_.
        settings: { TEST_TRIGGER: trigger },
      });
      await underLoad(
        test,
        replica,
        async () => {
          const running = start(replica, { cpu: '100m', seconds: 20 });
          await pause(300);
          writeFileSync(trigger, fault);
          const broken = await running;
          assert.equal(broken.status, 500);
          const report = JSON.parse(await broken.text());
          assert.equal(report.code, 'simulation-failed');
        },
        fault,
        // Whichever thread sees the trigger first breaks: it has to be one of the simulation that is asked below.
        { doSimulate: false },
      );
      const next = await start(replica, { cpu: '100m', seconds: 0.5 });
      assert.equal(next.status, 200);
      assert.ok(replica.log.some(({ msg }) => msg === 'worker thread broke'));
    });
  }

  it('no file descriptors left: who is connected is served, and who comes later too, once there are some', async (test) => {
    const replica = await replicaOf(test, { maxOpenFiles: 80 });
    const kept = new RawConnection(replica.port);
    assert.equal((await kept.ask(HEALTH)).status, 200);
    const many = Array.from({ length: 200 }, () => new RawConnection(replica.port));
    await Promise.all(many.map((connection) => connection.connected));
    const health: number[] = [];
    for (let probe = 0; probe < 100; probe += 1) {
      health.push((await kept.ask(HEALTH)).status);
      await pause(10);
    }
    assert.deepEqual([...new Set(health)], [200]);
    for (const connection of many) connection.close();
    const started = performance.now();
    await until(
      'new connections are served again',
      async () => {
        const late = new RawConnection(replica.port);
        const answer = await late.ask(HEALTH).catch(() => undefined);
        late.close();
        return answer?.status === 200;
      },
      RECOVERY_MS,
    );
    test.diagnostic(`served again after ${(performance.now() - started).toFixed(0)} ms`);
    kept.close();
  });

  it('being stopped for seconds and continued: every request is answered', async (test) => {
    const replica = await replicaOf(test);
    await underLoad(
      test,
      replica,
      async () => {
        replica.signal('SIGSTOP');
        await pause(FAULT_MS);
        replica.signal('SIGCONT');
      },
      'SIGSTOP',
    );
  });

  it('a wall clock that jumps by an hour, both ways: simulations last as long as they were asked to', async (test) => {
    const replica = await replicaOf(test, { nodeOptions: preload('jump-the-clock') });
    await underLoad(
      test,
      replica,
      async () => {
        const running = start(replica, { cpu: '50m', seconds: 3 });
        for (const _ of [1, 2, 3]) {
          await pause(700);
          replica.signal('SIGUSR2');
        }
        const report = JSON.parse(await (await running).text());
        assert.equal(report.ended_because, 'completed');
        assert.ok(Math.abs(report.delivered.seconds - 3) < 0.5, `it lasted ${report.delivered.seconds} s`);
      },
      'clock',
    );
  });

  it('a DNS that never answers: nothing here asks it', async (test) => {
    const replica = await replicaOf(test, { nodeOptions: preload('dead-dns') });
    await underLoad(test, replica, () => pause(1000), 'dead DNS');
  });
});
