/** Connections that come to nothing, by the ten thousand: each gives back all that it took. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { it } from 'node:test';
import { until } from '#test/support/until.ts';
import { startReportingReplica } from './support/heap-report.ts';
import { RawConnection } from './support/raw-connection.ts';

const EACH = 10_000;
const AT_ONCE = 20;
/** 35 bytes of each; whatever is kept of a connection is hundreds. V8's own code moves by a tenth of it. */
const MOST_GROWTH_MIB = 1;

/** The first bytes of TLS 1.2: a record of a handshake, and the beginning of a ClientHello. */
const TLS_HELLO = `\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03${'r'.repeat(32)}`;

const KINDS = {
  'opened and closed': undefined,
  'an upload that is given up':
    'POST /simulate-cpu HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"seconds"',
  'a head that is given up': 'GET /health HTTP/1.1\r\nHost: a\r\nX-Half: ',
  'a client that speaks TLS': TLS_HELLO,
};

it(`${EACH} connections of each kind that come to nothing leave no file, no memory and no thread`, {
  timeout: 300_000,
}, async (test) => {
  const { replica, report } = await startReportingReplica(test);
  const { port } = replica;
  const count = (what: 'fd' | 'task') => readdirSync(`/proc/${replica.pid}/${what}`).length;

  async function send(text: string | undefined, times: number): Promise<void> {
    let left = times;
    const hands = Array.from({ length: AT_ONCE }, async () => {
      while (left > 0) {
        left -= 1;
        const connection = new RawConnection(port);
        await connection.connected;
        if (text !== undefined) connection.send(text);
        if (text === TLS_HELLO) assert.equal((await connection.next()).status, 400);
        connection.close();
        await connection.closed;
      }
    });
    await Promise.all(hands);
  }
  const sendAll = async (times: number) => {
    for (const text of Object.values(KINDS)) await send(text, times);
  };
  const read = async (files: number) => {
    await until('every connection is closed', () => count('fd') <= files);
    const { heapUsed } = await report();
    return { heapMib: heapUsed / 2 ** 20, threads: count('task') };
  };

  const files = count('fd');
  // V8 compiles what is new to it.
  await sendAll(2000);
  const before = await read(files);
  await sendAll(EACH);
  const after = await read(files);
  const growth = after.heapMib - before.heapMib;
  test.diagnostic(`${Object.keys(KINDS).length * EACH} connections: heap ${growth.toFixed(3)} MiB more`);
  assert.ok(growth < MOST_GROWTH_MIB, `the heap has grown by ${growth} MiB`);
  assert.ok(after.threads <= before.threads, `${before.threads} threads before, ${after.threads} after`);
  const metrics = await (await fetch(`${replica.url}/metrics`)).text();
  assert.match(metrics, /^skyops_http_requests_in_flight 1$/m);
  const refused = /^skyops_http_requests_total\{.*path="unmatched".*status="400".*\} (\d+)$/m.exec(metrics)?.[1];
  assert.ok(Number(refused) >= EACH + 2000, `${refused} refusals were counted`);
});
