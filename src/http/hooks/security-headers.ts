/** The headers that keep a browser from guessing, framing, caching or following; pages loosen them for themselves. */
import type { Hook } from './hook.ts';

export const SECURITY_HEADERS = {
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
};

export const securityHeadersHook: Hook = () => (_request, reply) => {
  reply.headers(SECURITY_HEADERS);
  return true;
};
