/** What happens to every request, in this order. */
import { drainHook } from './drain.ts';
import type { Hook } from './hook.ts';
import { limitsHook } from './limits.ts';
import { observationHook } from './observation.ts';
import { requestIdHook } from './request-id.ts';
import { securityHeadersHook } from './security-headers.ts';
import { unmatchedHook } from './unmatched.ts';

export const hooks: readonly { readonly hook: Hook; readonly because: string }[] = [
  { hook: requestIdHook, because: 'first, so that whatever refuses later can be found in the log' },
  { hook: observationHook, because: 'before anything can refuse: refused requests count too' },
  { hook: securityHeadersHook, because: 'before anything answers' },
  { hook: drainHook, because: 'a refusal during the drain must close its connection as well' },
  { hook: limitsHook, because: 'after the headers are set, before a route does any work' },
  { hook: unmatchedHook, because: 'last: what is refused above is refused on every path' },
];
