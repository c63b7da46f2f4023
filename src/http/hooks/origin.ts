/** Refuses what another site makes a browser send: a page that somebody has open must not start load on the machines that he reaches. */
import type { IncomingHttpHeaders } from 'node:http';
import { sendProblem } from '../problem.ts';
import type { Hook } from './hook.ts';

/** RFC 9110, section 9.2.1: these change nothing. */
const SAFE: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);

/** Without it, `fetch(…, {mode: 'no-cors'})` and `sendBeacon` of any page start a simulation: an empty body asks for the defaults. */
export const originHook: Hook = () => (request, reply) => {
  const { method, headers } = request.raw;
  if (SAFE.has(method ?? '') || !isForeign(headers)) return true;
  sendProblem(reply, {
    code: 'foreign-origin',
    detail:
      'A browser sent this for a page of another site. Nothing was done. Send it from a page of this service, or by a program.',
  });
  return false;
};

/**
 * Browsers say where a request comes from, and pages cannot change it: by Sec-Fetch-Site where the connection is trustworthy (W3C Fetch Metadata), by
 * Origin everywhere. Programs send neither.
 */
function isForeign(headers: IncomingHttpHeaders): boolean {
  const { origin, host, 'sec-fetch-site': site, 'x-forwarded-host': forwarded } = headers;
  if (site !== undefined) return site !== 'same-origin' && site !== 'none';
  if (origin === undefined) return false;
  const from = URL.parse(origin);
  // `null` is the origin of a sandboxed frame and of a file.
  if (from === null) return true;
  // Behind a gateway that renames the host; a page of another site cannot set this header without being asked for leave first.
  const asked = [host, ...String(forwarded ?? '').split(',')].map((name) => hostOf(from.protocol, name?.trim()));
  return !asked.includes(from.host);
}

/** As URLs have it: in lower case, without the port that the scheme has anyway. */
function hostOf(protocol: string, name: string | undefined): string | undefined {
  return name === undefined || name === '' ? undefined : URL.parse(`${protocol}//${name}`)?.host;
}
