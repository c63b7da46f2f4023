/** GET /events: simulations as they go and usage once a second, as server-sent events. */
import { randomInt } from 'node:crypto';
import type { Readable } from 'node:stream';
import Type from 'typebox';
import type { Clock } from '#foundation/clock.ts';
import type { EventFeed } from '#observability/event-feed.ts';
import { sendProblem } from '../send-problem.ts';
import { openEventStream } from './event-stream.ts';
import { problems, type Route } from './route.ts';

/** Each costs a connection and at most 64 KiB of buffer. */
const MAX_STREAMS = 500;
/** Spread out, so that all the clients of a replica that leaves do not come back in the same moment. */
const RETRY_MS = { least: 1000, most: 5000 };

export function eventsRoute({ feed, clock }: { readonly feed: EventFeed; readonly clock: Clock }): Route {
  let streams = 0;
  return (app) => {
    app.get(
      '/events',
      {
        config: { access: 'viewer', isStream: true },
        // A HEAD request would open a stream that nobody reads.
        exposeHeadRoute: false,
        schema: {
          operationId: 'watchEvents',
          tags: ['observing'],
          summary: 'Watch',
          description:
            'Server-sent events: simulation-started, simulation-progress, simulation-ended, usage (once a second), lost (so many events did not fit), end (this replica stops). Last-Event-ID brings what is kept of the time between.',
          headers: Type.Object({
            'last-event-id': Type.Optional(
              Type.String({ pattern: '^\\d{1,15}$', description: 'Id of the last event that was seen.' }),
            ),
          }),
          response: {
            200: {
              description: 'The stream.',
              content: { 'text/event-stream': { schema: Type.Unsafe<Readable>({ type: 'string' }) } },
            },
            ...problems('invalid-parameter', 'too-many-streams'),
          },
        },
      },
      async (request, reply) => {
        if (streams >= MAX_STREAMS) {
          return sendProblem(reply, {
            code: 'too-many-streams',
            detail: `${MAX_STREAMS} clients watch this replica already.`,
            retryAfterSeconds: 5,
          });
        }
        const { 'last-event-id': lastEventId } = request.headers;
        const afterId = lastEventId === undefined ? undefined : Number(lastEventId);
        const stream = openEventStream(feed, clock, afterId, randomInt(RETRY_MS.least, RETRY_MS.most));
        streams += 1;
        stream.once('close', () => {
          streams -= 1;
        });
        return reply
          .header('content-type', 'text/event-stream; charset=utf-8')
          .header('x-accel-buffering', 'no')
          .send(stream);
      },
    );
  };
}
