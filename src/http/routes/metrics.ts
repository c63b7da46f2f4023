/** GET /metrics: for Prometheus and everything that reads its formats. */
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import Type from 'typebox';
import type { Metrics } from '#observability/metrics/metrics.ts';
import { problems, type Route } from './route.ts';

const compress = promisify(gzip);

export function metricsRoute(metrics: Pick<Metrics, 'render'>): Route {
  return (app) => {
    app.get(
      '/metrics',
      {
        config: { access: 'public', isRoutine: true },
        schema: {
          operationId: 'getMetrics',
          tags: ['observing'],
          summary: 'Metrics',
          description:
            'Prometheus text format 0.0.4, or OpenMetrics 1.0 where the Accept header asks for it; compressed where Accept-Encoding takes gzip.',
          response: {
            200: {
              description: 'All metrics of this replica.',
              content: {
                'text/plain': { schema: Type.Unsafe<string | Uint8Array>(Type.String()) },
                'application/openmetrics-text': { schema: Type.Unsafe<string | Uint8Array>(Type.String()) },
              },
            },
            ...problems(),
          },
        },
      },
      async (request, reply) => {
        const { contentType, body } = await metrics.render(request.headers.accept ?? '');
        reply.header('content-type', contentType).header('vary', 'accept, accept-encoding');
        if (!takesGzip(request.headers['accept-encoding'])) return reply.send(body);
        // In a thread of its own: a tenth of the size for nothing that the event loop notices.
        return reply.header('content-encoding', 'gzip').send(await compress(body));
      },
    );
  };
}

/** RFC 9110, section 12.5.3: gzip by its name or by `*`, unless its weight is 0. */
function takesGzip(accepted: string | string[] | undefined): boolean {
  const codings = String(accepted ?? '')
    .split(',')
    .map((coding) => coding.split(';').map((part) => part.trim().toLowerCase()));
  const wanted = codings.find(([name]) => name === 'gzip') ?? codings.find(([name]) => name === '*');
  return wanted !== undefined && !wanted.some((part) => /^q=0(\.0*)?$/.test(part));
}
