/** GET /metrics: for Prometheus and everything that reads its formats. */
import Type from 'typebox';
import type { Metrics } from '#observability/metrics/metrics.ts';
import { compress, takesGzip } from './representation.ts';
import { problems, type Route } from './route.ts';

export function metricsRoute(metrics: Pick<Metrics, 'render'>): Route {
  return (app) => {
    app.get(
      '/metrics',
      {
        config: { access: 'public', isProbe: true },
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
        if (!takesGzip(request)) return reply.send(body);
        return reply.header('content-encoding', 'gzip').send(await compress(body));
      },
    );
  };
}
