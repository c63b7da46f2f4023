/** The same bytes through real proxies: what a proxy counts as requests in front is what SkyOps counts behind it. */
import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { ATTACKS, CONFORMANCE } from '#test/support/http-cases.ts';
import { randomOf } from '#test/support/random.ts';
import { hasTool } from '#test/support/tool.ts';
import { until } from '#test/support/until.ts';
import { startHaproxy, startNginx } from './support/balancer.ts';
import { freePorts } from './support/ports.ts';
import { Replica } from './support/replica.ts';

const MUTATIONS = Number(process.env['MUTATIONS'] ?? 5000);
const AT_ONCE = 16;
/** Nothing is answered to what is not complete; the proxy would wait for the rest. */
const PATIENCE_MS = 300;

/** One of the cases with a few bytes of it changed, doubled, left out, or with a line of another case in it. */
function mutated(random: () => number): string {
  const cases = [...CONFORMANCE, ...ATTACKS];
  const pick = <Value>(values: readonly Value[]) => values[Math.floor(random() * values.length)] as Value;
  let bytes = pick(cases).bytes;
  for (let change = 0; change <= random() * 3; change += 1) {
    const at = Math.floor(random() * bytes.length);
    const cut = Math.floor(random() * 3);
    const insert = pick([
      '',
      '',
      pick(['\r\n', '\n', '\r', '\0', ' ', '\t', ':', ',', ';', '0', 'chunked', '\x0b', '\x85', '\xa0']),
      pick(pick(cases).bytes.split('\r\n')),
      String.fromCharCode(Math.floor(random() * 256)),
      bytes.slice(at, at + 20),
    ]);
    bytes = bytes.slice(0, at) + insert + bytes.slice(at + cut);
  }
  return bytes;
}

/** Sends and listens until the proxy closes, or has been silent for a while. */
function send(port: number, bytes: string): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    let silence = setTimeout(() => socket.destroy(), PATIENCE_MS);
    socket.on('data', () => {
      clearTimeout(silence);
      silence = setTimeout(() => socket.destroy(), 30);
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      clearTimeout(silence);
      resolve();
    });
    socket.write(bytes, 'latin1');
  });
}

async function replicaOf(test: TestContext, folder: string, port: number): Promise<Replica> {
  const replica = new Replica({
    port,
    logFile: join(folder, 'skyops.log'),
    settings: { SKYOPS_MAX_SECONDS: '0.2', SKYOPS_LOG_LEVEL: 'debug' },
  });
  test.after(() => replica.kill());
  await replica.start();
  return replica;
}

type Counted = { readonly id: string; readonly isUnderstood: boolean };

/** The requests that SkyOps has answered, but for the one by which the test waited for it. */
function answeredBy(replica: Replica): Counted[] {
  return replica.log
    .filter(({ msg, path }) => msg === 'request finished' && path !== '/ready')
    .map(({ request_id: id, method, status }) => ({
      id: String(id),
      // What is no HTTP has no id of its own, and is refused.
      isUnderstood: method !== '_OTHER' || Number(status) < 400,
    }));
}

describe('no request is hidden in another one', { timeout: 600_000 }, () => {
  for (const front of ['HAProxy', 'nginx'] as const) {
    it(`${front} and SkyOps count the same of every case and of ${MUTATIONS} mutations`, {
      timeout: 600_000,
    }, async (test) => {
      if (!hasTool(test, front.toLowerCase())) return;
      const folder = mkdtempSync(join(tmpdir(), 'skyops-smuggling-'));
      const [balancerPort = 0, port = 0] = await freePorts(2);
      const replica = await replicaOf(test, folder, port);
      const balancer =
        front === 'nginx'
          ? await startNginx(balancerPort, [port], folder)
          : await startHaproxy('http', balancerPort, [port], folder);
      test.after(() => balancer.close());
      const seed = Number(process.env['FUZZ_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
      const random = randomOf(seed);
      const all = [...CONFORMANCE, ...ATTACKS].map(({ bytes }) => bytes);
      const batch = [...all, ...Array.from({ length: MUTATIONS }, () => mutated(random))];
      const sent = batch.length;
      const hands = Array.from({ length: AT_ONCE }, async () => {
        for (let next = batch.pop(); next !== undefined; next = batch.pop()) await send(balancerPort, next);
      });
      await Promise.all(hands);
      const compare = () => {
        const forwarded = balancer.forwardedIds();
        const answered = answeredBy(replica);
        const known = new Set(forwarded);
        const ids = new Set(answered.map(({ id }) => id));
        return {
          forwarded: forwarded.length,
          answered: answered.length,
          twice: answered.length - ids.size,
          // A request that the proxy knows nothing of, and that was understood: that is what smuggling is.
          smuggled: answered.filter(({ id, isUnderstood }) => isUnderstood && !known.has(id)),
        };
      };
      // The last ones may still be written to a log.
      await until(
        'both have written the same',
        () => {
          const { forwarded, answered } = compare();
          return forwarded === answered;
        },
        5000,
      ).catch(() => {});
      const { forwarded, answered, twice, smuggled } = compare();
      test.diagnostic(`${front}: ${sent} sent, ${forwarded} forwarded, ${answered} answered by SkyOps; seed ${seed}`);
      assert.ok(forwarded > sent / 20, 'hardly anything was forwarded');
      assert.deepEqual(
        { answered, twice, smuggled },
        { answered: forwarded, twice: 0, smuggled: [] },
        `seed ${seed}, ${folder}`,
      );
    });
  }
});
