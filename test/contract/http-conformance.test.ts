/** What is no proper request is refused with the status that the RFCs ask for, once, and nothing behind it is looked at. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { ATTACKS, CONFORMANCE, type HttpCase } from '#test/support/http-cases.ts';
import { startInProcess } from '#test/support/in-process.ts';
import { statusesIn } from '#test/support/raw-answers.ts';

/** A server that waits for more than it was sent would only answer after its own timeout. */
const PATIENCE_MS = 3000;
/** After the expected answers: one that belongs to nobody would come right behind them. */
const LISTEN_ON_MS = 20;

type Outcome = { readonly statuses: readonly number[]; readonly isClosed: boolean };

async function send(port: number, { bytes, statuses }: HttpCase): Promise<Outcome> {
  const socket = connect(port, '127.0.0.1');
  let received = '';
  let isClosed = false;
  const ended = new Promise<void>((resolve) => {
    socket.setEncoding('latin1').on('data', (text) => {
      received += text;
    });
    socket
      .on('error', () => {})
      .on('close', () => {
        isClosed = true;
        resolve();
      });
  });
  socket.write(bytes, 'latin1');
  const isHead = bytes.startsWith('HEAD');
  const deadline = performance.now() + PATIENCE_MS;
  while (statusesIn(received, isHead).length < statuses.length && !isClosed && performance.now() < deadline) {
    await Promise.race([ended, pause(2)]);
  }
  await Promise.race([ended, pause(LISTEN_ON_MS)]);
  socket.destroy();
  return { statuses: statusesIn(received, isHead), isClosed };
}

describe('HTTP as the RFCs have it', () => {
  it(`${CONFORMANCE.length} cases of conformance and ${ATTACKS.length} of attack get the status that they must`, {
    timeout: 120_000,
  }, async (test) => {
    assert.ok(CONFORMANCE.length >= 33 && ATTACKS.length >= 300, `${CONFORMANCE.length} and ${ATTACKS.length} cases`);
    const { url, ask } = await startInProcess(test, { SKYOPS_LOG_LEVEL: 'silent' });
    const port = Number(new URL(url).port);
    const wrong: string[] = [];
    const cases = [...CONFORMANCE, ...ATTACKS];
    const hands = Array.from({ length: 16 }, async () => {
      for (let next = cases.pop(); next !== undefined; next = cases.pop()) {
        const { statuses, isClosed } = await send(port, next);
        if (String(statuses) !== String(next.statuses)) {
          wrong.push(`${next.name}: expected ${next.statuses}, got ${statuses.length === 0 ? 'nothing' : statuses}`);
        } else if (statuses.at(-1) === 400 && !isClosed) {
          wrong.push(`${next.name}: the connection stays open behind what cannot be told apart`);
        }
      }
    });
    await Promise.all(hands);
    assert.deepEqual(wrong.toSorted(), []);
    assert.deepEqual((await ask('/simulations')).json.simulations, [], 'something was started');
  });

  it('clients that reset their connection in any moment harm nobody', async (test) => {
    const { url, ask } = await startInProcess(test, { SKYOPS_LOG_LEVEL: 'silent' });
    const port = Number(new URL(url).port);
    // One whole request of each kind that Node hands over differently: as a request, as a tunnel, as an error, as a question.
    const requests = [
      'CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n',
      'GET /openapi.json HTTP/1.1\r\nHost: a\r\n\r\n',
      'GET /events HTTP/1.1\r\nHost: a\r\n\r\n',
      'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
      'NONSENSE\r\n\r\n',
      'POST /simulate-cpu HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n',
      'POST /simulate-cpu HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nExpect: nonsense\r\nContent-Length: 2\r\n\r\n',
    ];
    for (const afterMs of [0, 1, 2, 5, 10]) {
      for (const request of requests) {
        const socket = connect(port, '127.0.0.1');
        socket.on('error', () => {});
        await once(socket, 'connect');
        socket.write(request);
        await pause(afterMs);
        socket.resetAndDestroy();
      }
    }
    assert.equal((await ask('/health')).status, 200);
  });
});
