/** How many connections there may be, how many requests may wait on one, and how old one may get. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { describe, it } from 'node:test';
import { startInProcess } from '#test/support/in-process.ts';
import { statusesIn } from '#test/support/raw-answers.ts';
import { until } from '#test/support/until.ts';

const HEALTH = 'GET /health HTTP/1.1\r\nHost: a\r\n\r\n';

describe('connections', () => {
  it('beyond the limit are closed at once and counted, the others are served', async (test) => {
    const { url, ask } = await startInProcess(test, { SKYOPS_MAX_CONNECTIONS: '10' });
    const sockets: Socket[] = [];
    test.after(() => {
      for (const socket of sockets) socket.destroy();
    });
    let closed = 0;
    for (let count = 0; count < 20; count += 1) {
      const socket = connect(Number(new URL(url).port), '127.0.0.1');
      socket
        .on('error', () => {})
        .on('close', () => {
          closed += 1;
        });
      sockets.push(socket);
      await once(socket, 'connect');
    }
    await until('half of them are closed', () => closed === 10);
    const first = sockets[0] as Socket;
    first.write(HEALTH);
    const [answer] = await once(first, 'data');
    assert.match(String(answer), /^HTTP\/1\.1 200/);
    for (const socket of sockets) socket.destroy();
    // Those who ask before the service has seen that there is room again are dropped too.
    let refused = 0;
    const { text } = await until('there is room again', () =>
      ask('/metrics').catch(() => {
        refused += 1;
        return undefined;
      }),
    );
    assert.equal(/^skyops_http_connections_dropped_total (\d+)$/m.exec(text)?.[1], String(10 + refused));
  });

  it('have at most 16 requests that wait; the next one is refused and ends the connection', async (test) => {
    const { url } = await startInProcess(test);
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    test.after(() => socket.destroy());
    let received = '';
    socket.setEncoding('latin1').on('data', (text) => {
      received += text;
    });
    socket.write(HEALTH.repeat(40));
    await once(socket, 'close');
    assert.deepEqual(statusesIn(received, false), [...Array.from({ length: 16 }, () => 200), 429]);
  });

  it('are recycled after some ten thousand requests, by an answer that says so', { timeout: 60_000 }, async (test) => {
    const { url } = await startInProcess(test, { SKYOPS_LOG_LEVEL: 'silent' });
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    test.after(() => socket.destroy());
    socket.setEncoding('latin1');
    let answers = 0;
    for (let text = ''; !/^connection: close/im.test(text); answers += 1) {
      socket.write(HEALTH);
      [text] = await once(socket, 'data');
      assert.match(text, /^HTTP\/1\.1 200/);
    }
    assert.ok(answers >= 7_500 && answers <= 12_500, `${answers} answers`);
    await once(socket, 'close');
  });
});
