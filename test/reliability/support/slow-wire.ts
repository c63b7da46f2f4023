/** A wire that takes its time: what is sent into one end, the end of a connection too, comes out of the other one a while later. */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';

/** On this machine alone an end arrives within 0.1 ms, and hardly anything can be under way the other way meanwhile. */
export async function startSlowWire(test: TestContext, port: number, to: number, delayMs: number): Promise<void> {
  const open = new Set<Socket>();
  const carry = (from: Socket, into: Socket) => {
    open.add(from);
    // In the order in which it was sent: each piece waits for the one before.
    let sent = Promise.resolve();
    const later = (deliver: () => void) => {
      const due = pause(delayMs);
      sent = sent.then(() => due).then(deliver);
    };
    from.on('data', (data) => later(() => void into.write(data)));
    from.on('end', () => later(() => void into.end()));
    from.on('error', () => later(() => void into.resetAndDestroy()));
    from.on('close', () => open.delete(from));
  };
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (near) => {
    const far = connect({ port: to, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    carry(near, far);
    carry(far, near);
  }).listen(port, '127.0.0.1');
  await once(server, 'listening');
  test.after(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
}
