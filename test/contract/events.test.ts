/** GET /events as a client reads it. */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import type { Readable } from 'node:stream';
import { describe, it, type TestContext } from 'node:test';
import { openEventStream } from '#http/routes/event-stream.ts';
import { createEventFeed, type FeedEvent } from '#observability/event-feed.ts';
import { startInProcess } from '#test/support/in-process.ts';
import { createManualClock } from '#test/support/manual-clock.ts';
import { startOwnProcess } from '#test/support/own-process.ts';
import { until } from '#test/support/until.ts';

type Seen = { readonly id: string; readonly event: string; readonly data: any };

/** Reads the stream over a raw socket, so that nothing between hides what is sent. */
function listen(test: TestContext, url: string, headers = '') {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  test.after(() => socket.destroy());
  const received = { text: '', isOver: false };
  socket.on('data', (data) => {
    received.text += data;
  });
  socket.on('close', () => {
    received.isOver = true;
  });
  socket.on('error', () => {});
  socket.write(`GET /events HTTP/1.1\r\nHost: a\r\n${headers}\r\n`);
  const events = (): Seen[] =>
    [...received.text.matchAll(/id: (\d+)\nevent: ([a-z-]+)\ndata: (.*)\n\n/g)].map(
      ([, id = '', event = '', data = '']) => ({
        id,
        event,
        data: JSON.parse(data),
      }),
    );
  return { socket, received, events };
}

/** Everything that is buffered, as a client that catches up gets it. */
function readAll(stream: Readable): string {
  let text = '';
  for (let chunk = stream.read(); chunk !== null; chunk = stream.read()) text += chunk;
  return text;
}

const snapshot = {
  process: { cpuPercent: 1, memoryRssBytes: 2 },
  eventLoop: { utilizationRatio: 0 },
  container: { cpuThrottledSeconds: null, memoryWorkingSetBytes: null },
} as never;

describe('the event stream', () => {
  it('tells of a simulation from its start to its end, and of usage once a second', async (test) => {
    const { url, ask } = await startInProcess(test);
    const { received, events } = listen(test, url);
    await until('the stream is open', () => /retry: \d+\n\n/.test(received.text));
    assert.match(received.text, /^HTTP\/1.1 200 OK\r\n(.*\r\n)*content-type: text\/event-stream; charset=utf-8\r\n/i);
    const { json } = await ask('/simulate-cpu', { body: { cpu: '100m', seconds: 1.5 } });
    await until('its end is told', () => events().some(({ event }) => event === 'simulation-ended'));
    const ofIt = events().filter(({ data }) => data.id === json.id);
    assert.equal(ofIt[0]?.event, 'simulation-started');
    assert.ok(ofIt.some(({ event }) => event === 'simulation-progress'));
    assert.deepEqual(ofIt.at(-1)?.data.delivered, json.delivered);
    const usage = await until('usage is told', () => events().find(({ event }) => event === 'usage'));
    assert.ok(usage.data.memory_rss_bytes > 10_000_000);
    const ids = events().map(({ id }) => Number(id));
    assert.deepEqual(
      ids,
      ids.toSorted((a, b) => a - b),
    );
  });

  it('brings what was missed to a client that comes back', async (test) => {
    const { url, ask } = await startInProcess(test);
    const first = listen(test, url);
    await until('the stream is open', () => first.received.text.includes('retry:'));
    await ask('/simulate-cpu', { body: { cpu: '50m', seconds: 0.1 } });
    await until('its end is told', () => first.events().some(({ event }) => event === 'simulation-ended'));
    const [seen, ...missed] = first.events();
    first.socket.destroy();
    const second = listen(test, url, `Last-Event-ID: ${seen?.id}\r\n`);
    await until('the missed ones are there', () => second.events().length >= missed.length);
    assert.deepEqual(second.events().slice(0, missed.length), missed);
  });

  it('refuses a Last-Event-ID that is none', async (test) => {
    const { ask } = await startInProcess(test);
    const { status, json } = await ask('/events', { headers: { 'last-event-id': 'x' } });
    assert.deepEqual([status, json.code], [400, 'invalid-parameter']);
  });

  it('ends with the replica, and does not hold its end back', async (test) => {
    const { url, child, exited } = await startOwnProcess(test);
    const streams = Array.from({ length: 20 }, () => listen(test, url));
    await until('all are open', () => streams.every(({ received }) => received.text.includes('retry:')));
    const before = performance.now();
    child.kill('SIGTERM');
    assert.equal((await exited).code, 0);
    assert.ok(performance.now() - before < 5000, 'far below the drain timeout of 20 s');
    for (const { events } of streams) assert.equal(events().at(-1)?.event, 'end');
  });

  it('that is opened while the replica drains ends at once, and holds the end back no more than one before', async (test) => {
    const { url, child, exited } = await startOwnProcess(test, { SKYOPS_DRAIN_DELAY_SECONDS: '6' });
    const before = listen(test, url);
    await until('it is open', () => before.received.text.includes('retry:'));
    child.kill('SIGTERM');
    await until('it is told the end', () => before.events().at(-1)?.event === 'end');
    for (const headers of ['', `Last-Event-ID: ${before.events().at(-1)?.id}\r\n`, 'Last-Event-ID: 0\r\n']) {
      const late = listen(test, url, headers);
      await until('it is over', () => late.received.isOver);
      assert.deepEqual(
        late
          .events()
          .map(({ event }) => event)
          .filter((event) => event === 'end'),
        ['end'],
      );
    }
    assert.deepEqual(await exited, { code: 0, signal: null });
  });

  it('a client that does not read loses events, is told so, and costs a bounded buffer', async () => {
    const clock = createManualClock();
    let publish: (event: FeedEvent) => void = () => {};
    const feed = {
      simulation: () => {},
      close: () => {},
      watch: (_afterId: number | undefined, onEvent: (event: FeedEvent) => void) => {
        publish = onEvent;
        return () => {};
      },
    };
    const stream = openEventStream(feed, clock, undefined, 1000);
    for (let id = 1; id <= 10_000; id += 1) publish({ id, type: 'usage', data: JSON.stringify('x'.repeat(100)) });
    assert.ok(stream.readableLength <= 65_536);
    let read = '';
    stream.on('data', (chunk) => {
      read += chunk;
    });
    await until('it has read what was kept', () => stream.readableLength === 0);
    const kept = [...read.matchAll(/^id: (\d+)$/gm)].length;
    assert.ok(kept > 100 && kept < 10_000);
    publish({ id: 10_001, type: 'usage', data: '1' });
    await until('it reads on', () => read.includes('id: 10001'));
    assert.match(read, new RegExp(`event: lost\ndata: \\{"events":${10_000 - kept}\\}\n\nid: 10001\n`));
    stream.destroy();
  });

  it('costs nothing while nobody watches', async () => {
    const clock = createManualClock();
    const feed = createEventFeed({ clock, usage: () => snapshot, running: () => [] });
    assert.equal(clock.armed(), 0);
    const seen: FeedEvent[] = [];
    const stop = feed.watch(undefined, (event) => seen.push(event));
    await clock.advance(3000);
    assert.deepEqual(
      seen.map(({ type }) => type),
      ['usage', 'usage', 'usage'],
    );
    stop();
    assert.equal(clock.armed(), 0);
  });

  it('keeps a silent connection alive', async () => {
    const clock = createManualClock();
    const feed = createEventFeed({ clock, usage: () => snapshot, running: () => [] });
    const stream = openEventStream({ ...feed, watch: () => () => {} }, clock, undefined, 1000);
    await clock.advance(15_000);
    assert.match(readAll(stream), /^retry: 1000\n\n: heartbeat\n\n$/);
    stream.destroy();
    await clock.advance(0);
    assert.equal(clock.armed(), 0);
  });
});
