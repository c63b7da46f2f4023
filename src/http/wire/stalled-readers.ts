/** Cuts connections whose client does not read its answers: Node has a limit for slow senders, none for slow readers. */
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Cancel, Clock } from '#foundation/clock.ts';
import { STALLED_READER_CHECK_MS, STALLED_READER_MS } from '../settings.ts';

/** What had been taken when something was first seen to wait, and when that was; a single write counts when it has been taken whole. */
type Stall = { readonly takenBytes: number; readonly sinceMs: number };

/** Looks only while there are connections: an idle process sleeps. */
export function cutStalledReaders(server: Server, clock: Clock): void {
  const stalls = new Map<Socket, Stall | undefined>();
  let stopLooking: Cancel | undefined;
  let lookedMs = 0;

  function look(): void {
    const now = clock.monotonicMs();
    // A process that stood still has sent nothing either: who waited for it begins anew.
    const isLate = now - lookedMs >= 1.5 * STALLED_READER_CHECK_MS;
    lookedMs = now;
    for (const [socket, stall] of stalls) {
      const takenBytes = socket.bytesWritten - socket.writableLength;
      if (socket.writableLength === 0) stalls.set(socket, undefined);
      else if (isLate || stall?.takenBytes !== takenBytes) stalls.set(socket, { takenBytes, sinceMs: now });
      else if (now - stall.sinceMs >= STALLED_READER_MS) socket.destroy();
    }
  }

  server.on('connection', (socket: Socket) => {
    stalls.set(socket, undefined);
    if (stopLooking === undefined) {
      lookedMs = clock.monotonicMs();
      stopLooking = clock.everyAligned(STALLED_READER_CHECK_MS, look);
    }
    socket.once('close', () => {
      stalls.delete(socket);
      if (stalls.size > 0) return;
      stopLooking?.();
      stopLooking = undefined;
    });
  });
}
