/** One client's server-sent events: framed, kept alive, and bounded whatever the client does. */
import { Readable } from 'node:stream';
import type { Clock } from '#foundation/clock.ts';
import type { EventFeed, FeedEvent } from '#observability/event-feed.ts';

/** A client that does not read loses events beyond this, not the service's memory. */
const MAX_BUFFERED_BYTES = 65_536;
/** Proxies close connections that are silent for half a minute to a minute. */
const HEARTBEAT_MS = 15_000;

/**
 * @param afterId the Last-Event-ID of a client that comes back.
 * @param retryMs how long the client is to wait before it comes back.
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
export function openEventStream(feed: EventFeed, clock: Clock, afterId: number | undefined, retryMs: number): Readable {
  let lost = 0;
  // Events come when they happen; a client that wants more gets it then.
  const stream = new Readable({ read: () => {}, highWaterMark: MAX_BUFFERED_BYTES });

  const send = (text: string) => {
    if (stream.readableLength + text.length > MAX_BUFFERED_BYTES) return false;
    stream.push(text);
    return true;
  };
  const onEvent = ({ id, type, data }: FeedEvent) => {
    if (lost > 0 && send(`event: lost\ndata: {"events":${lost}}\n\n`)) lost = 0;
    // JSON has no line breaks, so one data line always holds the whole of it.
    if (!send(`id: ${id}\nevent: ${type}\ndata: ${data}\n\n`)) lost += 1;
    if (type === 'end') stream.push(null);
  };

  send(`retry: ${retryMs}\n\n`);
  const stopWatching = feed.watch(afterId, onEvent);
  const stopHeartbeat = clock.every(HEARTBEAT_MS, () => send(': heartbeat\n\n'));
  stream.once('close', () => {
    stopWatching();
    stopHeartbeat();
  });
  return stream;
}
