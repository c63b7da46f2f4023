/** GET /metrics: for Prometheus and everything that reads its formats. */
import Type from 'typebox';
import type { Metrics } from '#observability/metrics/metrics.ts';
import { problems, type Route } from './route.ts';

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
          description: 'Prometheus text format 0.0.4, or OpenMetrics 1.0 where the Accept header asks for it.',
          response: {
            200: {
              description: 'All metrics of this replica.',
              content: {
                'text/plain': { schema: Type.String() },
                'application/openmetrics-text': { schema: Type.String() },
              },
            },
            ...problems(),
          },
        },
      },
      async (request, reply) => {
        const { contentType, body } = await metrics.render(request.headers.accept ?? '');
        return reply.header('content-type', contentType).header('vary', 'accept').send(body);
      },
    );
  };
}
