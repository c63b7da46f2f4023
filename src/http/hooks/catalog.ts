/** Everything that touches a request, in one place: the hooks in their order, and what Node and Fastify do around them. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { closingHook } from './closing.ts';
import { conformanceHook } from './conformance.ts';
import { endingHook } from './ending.ts';
import { expectationHook } from './expectation.ts';
import type { Hook, HookParts, OnRequest } from './hook.ts';
import { limitsHook } from './limits.ts';
import { observationHook } from './observation.ts';
import { originHook } from './origin.ts';
import { pipeliningHook } from './pipelining.ts';
import { requestIdHook } from './request-id.ts';
import { unmatchedHook } from './unmatched.ts';

/** What happens to every request, in this order. */
export const hooks: readonly { readonly name: string; readonly hook: Hook; readonly because: string }[] = [
  { name: 'closing', hook: closingHook, because: 'first: what is not to be looked at is not even counted' },
  { name: 'request-id', hook: requestIdHook, because: 'before whatever refuses: a refusal can be found in the log' },
  { name: 'observation', hook: observationHook, because: 'before anything can refuse: refused requests count too' },
  { name: 'ending', hook: endingHook, because: 'refused requests count for the age of a connection too' },
  { name: 'pipelining', hook: pipeliningHook, because: 'refused requests wait to be read as well' },
  { name: 'conformance', hook: conformanceHook, because: 'what may be two requests must not be looked at further' },
  { name: 'origin', hook: originHook, because: 'before anything is read for a page of another site' },
  { name: 'limits', hook: limitsHook, because: 'before a route does any work' },
  { name: 'unmatched', hook: unmatchedHook, because: 'what is refused above is refused on every path' },
  { name: 'expectation', hook: expectationHook, because: 'after all that may refuse on the request headers alone' },
];

/** What else touches a request, where it is, and why it cannot be a hook. */
export const elsewhere: readonly { readonly what: string; readonly where: string; readonly because: string }[] = [
  {
    what: 'the first line, if it has no version',
    where: 'wire/versionless.ts',
    because: 'Node waits for headers that never come',
  },
  {
    what: 'CONNECT, and an Expect that nobody meets',
    where: 'wire/broken-request.ts',
    because: 'Node takes them by events of their own, without Fastify',
  },
  {
    what: 'what breaks while it is read',
    where: 'wire/broken-request.ts',
    because: 'there is no whole request, or no request at all',
  },
  {
    what: 'the headers of the answer',
    where: 'wire/response-headers.ts, wire/prepared-headers.ts',
    because: 'answers outside of Fastify have them too',
  },
  {
    what: 'a target that the router cannot read',
    where: 'server.ts, frameworkErrors',
    because: 'Fastify runs no hooks for it',
  },
  {
    what: 'no body at all',
    where: 'routes/start-simulation.ts, preValidation',
    because: 'it stands for the defaults, and the schema comes first otherwise',
  },
  { what: 'the body', where: 'json-body.ts', because: 'it comes after the hooks, and only to routes that take one' },
  {
    what: 'the body against its schema',
    where: 'validators.ts, invalid-input.ts',
    because: 'each route has its own schema',
  },
  {
    what: 'what was thrown',
    where: 'server.ts, setErrorHandler; thrown.ts',
    because: 'a hook, the body and a route may all throw',
  },
  {
    what: 'a file of a page that is not there',
    where: 'server.ts, setNotFoundHandler',
    because: 'the route is known, and has nothing',
  },
  {
    what: 'a reader that takes nothing',
    where: 'wire/stalled-readers.ts',
    because: 'it is the connection that stalls, whatever was asked',
  },
  {
    what: 'a sender that is too slow',
    where: 'wire/process-freeze.ts',
    because: 'Node looks at all connections itself, every few seconds',
  },
];

/** Registers all of them, then lets each request go through them. */
export function addHooks(app: FastifyInstance, parts: HookParts, added = hooks): void {
  for (const { hook } of added) hook.register?.(app, parts);
  const steps = added.flatMap(({ hook }) => hook.onRequest?.(parts) ?? []);
  // One of Fastify's hooks for all of them: each of its own is a call of its iterator for every request.
  app.addHook('onRequest', (request, reply, done) => {
    const waiting = walk(steps, 0, request, reply);
    if (waiting === true) done();
    else if (waiting !== false) waiting.then((goesOn) => (goesOn ? done() : undefined), done);
  });
}

/** Synchronous as far as the hooks are: a promise is waited for, and nothing else is. What is thrown goes to the error handler. */
function walk(
  steps: readonly OnRequest[],
  from: number,
  request: FastifyRequest,
  reply: FastifyReply,
): boolean | Promise<boolean> {
  for (let index = from; index < steps.length; index += 1) {
    const goesOn = steps[index]?.(request, reply) ?? true;
    if (goesOn === false) return false;
    if (goesOn !== true) return walkOn(goesOn, steps, index + 1, request, reply);
  }
  return true;
}

async function walkOn(goesOn: Promise<boolean>, ...rest: Parameters<typeof walk>): Promise<boolean> {
  const [, , , reply] = rest;
  // A client that left while the hook waited was counted as gone already.
  return (await goesOn) && !reply.raw.destroyed && walk(...rest);
}
