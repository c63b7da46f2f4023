import assert from 'node:assert/strict';
import { type AddressInfo, connect } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import fastify from 'fastify';
import { createManualClock } from '#test/support/manual-clock.ts';
import { until } from '#test/support/until.ts';
import { servePageFiles } from '../pages/page-files.ts';
import { representationOf } from '../routes/representation.ts';
import type { App } from '../routes/route.ts';
import { STALLED_READER_CHECK_MS, STALLED_READER_MS } from '../settings.ts';
import { answerClass } from './prepared-headers.ts';
import { cutStalledReaders } from './stalled-readers.ts';

/** More than the kernel takes by itself, on both sides. */
const LENGTH = 48 * 2 ** 20;
const LARGE = representationOf('text/plain', Buffer.alloc(LENGTH, 'a'));

/** A client that has asked for the file and reads only when it is told to. */
async function startReader(test: TestContext) {
  const clock = createManualClock();
  const app = fastify({ http: { ServerResponse: answerClass('a').Answer } }) as unknown as App;
  cutStalledReaders(app.server, clock);
  servePageFiles(app, '/page', new Map([['large', async () => LARGE]]));
  await app.listen({ host: '127.0.0.1', port: 0 });
  const socket = connect((app.server.address() as AddressInfo).port, '127.0.0.1');
  test.after(async () => {
    socket.destroy();
    await app.close();
  });
  socket.on('error', () => {});
  let received = 0;
  let enough = 0;
  socket.on('data', ({ length }) => {
    received += length;
    if (received >= enough) socket.pause();
  });
  const read = async (length: number) => {
    enough = received + length;
    socket.resume();
    await until('it has read so much', () => socket.isPaused() || socket.destroyed);
  };
  socket.write('GET /page/large HTTP/1.1\r\nHost: a\r\n\r\n');
  await read(1);
  return { clock, socket, read, received: () => received };
}

describe('a reader', () => {
  it('that is slow, but reads on, gets a large file whole', async (test) => {
    const { clock, socket, read, received } = await startReader(test);
    while (received() < LENGTH) {
      await read(Math.min(4 * 2 ** 20, LENGTH - received()));
      assert.ok(!socket.destroyed, `cut after ${received()} bytes`);
      await clock.advance(STALLED_READER_CHECK_MS);
    }
  });

  it('that waits for a process that stood still gets its whole time again', async (test) => {
    const { clock, read, received } = await startReader(test);
    // It is seen to wait, then nothing runs for a while; by the clock it has waited for far too long.
    await clock.advance(STALLED_READER_CHECK_MS);
    clock.freeze(STALLED_READER_MS);
    await clock.advance(STALLED_READER_CHECK_MS);
    await read(LENGTH - received());
    assert.equal(received() >= LENGTH, true);
  });

  it('that reads no more is cut', async (test) => {
    const { clock, read, received } = await startReader(test);
    await clock.advance(STALLED_READER_MS + 2 * STALLED_READER_CHECK_MS);
    // It sees the end only when it reads.
    await read(Number.POSITIVE_INFINITY);
    assert.ok(received() < LENGTH);
  });
});
