/** What happens to every request, in this order. */

import type { FastifyInstance } from 'fastify';
import { closingHook } from './closing.ts';
import { conformanceHook } from './conformance.ts';
import { drainHook } from './drain.ts';
import { expectationHook } from './expectation.ts';
import type { Hook, HookParts } from './hook.ts';
import { limitsHook } from './limits.ts';
import { observationHook } from './observation.ts';
import { originHook } from './origin.ts';
import { pipeliningHook } from './pipelining.ts';
import { renewalHook } from './renewal.ts';
import { requestIdHook } from './request-id.ts';
import { unmatchedHook } from './unmatched.ts';

const hooks: readonly { readonly hook: Hook; readonly because: string }[] = [
  { hook: closingHook, because: 'first: what is not to be looked at is not even counted' },
  { hook: requestIdHook, because: 'before all others, so that whatever refuses later can be found in the log' },
  { hook: observationHook, because: 'before anything can refuse: refused requests count too' },
  { hook: drainHook, because: 'a refusal during the drain must close its connection as well' },
  { hook: renewalHook, because: 'refused requests count for the age of a connection too' },
  { hook: pipeliningHook, because: 'refused requests wait to be read as well' },
  { hook: conformanceHook, because: 'what cannot be trusted to be one request must not be looked at further' },
  { hook: originHook, because: 'before anything is read for a page of another site' },
  { hook: limitsHook, because: 'before a route does any work' },
  { hook: unmatchedHook, because: 'after them: what is refused above is refused on every path' },
  { hook: expectationHook, because: 'after all that may refuse on the head alone' },
];

export function addHooks(app: FastifyInstance, parts: HookParts): void {
  const onRequest = hooks.flatMap(({ hook }) => hook(app, parts) ?? []);
  // One of Fastify's hooks for all of them: each of its own is a call of its iterator for every request.
  app.addHook('onRequest', (request, reply, done) => {
    // A refusal that is thrown goes the way of all others, to the error handler.
    for (const each of onRequest) if (!each(request, reply)) return;
    done();
  });
}
