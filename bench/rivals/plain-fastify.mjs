// Fastify with the same body: no log, no ids, no metrics, no traces.
import fastify from 'fastify';

const app = fastify({ logger: false });
app.get('/health', (_request, reply) => {
  reply.header('content-type', 'application/json; charset=utf-8').send(process.env.BODY);
});
await app.listen({ host: '127.0.0.1', port: Number(process.env.PORT) });
