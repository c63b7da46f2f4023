/** What is answered where no route matches: 405 with Allow if the path exists for another method, else 404. */
import type { FastifyReply, FastifyRequest, HTTPMethods } from 'fastify';
import { sendProblem } from './send-problem.ts';

const ROUTED_METHODS: readonly HTTPMethods[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];

export function answerUnmatched(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const [path = ''] = request.url.split('?');
  // OPTIONS * asks the server as a whole, which is no path.
  const allowed = ROUTED_METHODS.filter(
    (method) => path !== '*' && request.server.findRoute({ method, url: path }) !== null,
  );
  // A wildcard route may match and still have nothing, such as a page's file that does not exist.
  if (allowed.length === 0 || allowed.some((method) => method === request.method)) {
    return sendProblem(reply, { code: 'not-found', detail: 'Nothing is here. GET / links to everything that is.' });
  }
  return sendProblem(reply.header('allow', allowed.join(', ')), {
    code: 'method-not-allowed',
    detail: `This path answers to ${allowed.join(', ')}.`,
  });
}
