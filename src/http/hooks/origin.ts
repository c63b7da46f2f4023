/** Refuses what another site makes a browser send: a page that somebody has open must not start load on the machines that he reaches. */
import type { IncomingHttpHeaders } from 'node:http';
import { sendProblem } from '../send-problem.ts';
import type { Hook } from './hook.ts';

/** RFC 9110, section 9.2.1: these change nothing. */
const SAFE: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);

/** Without it, `fetch(…, {mode: 'no-cors'})` and `sendBeacon` of any page start a simulation: an empty body asks for the defaults. */
export const originHook: Hook = {
  onRequest: () => (request, reply) => {
    const { method, headers } = request.raw;
    if (SAFE.has(method ?? '') || !isForeign(headers)) return true;
    sendProblem(reply, {
      code: 'foreign-origin',
      detail:
        'A browser sent this, and says that it comes from another site. Nothing was done. ' +
        'If it is a page of this service behind a gateway that renames the host, let the gateway pass X-Forwarded-Host.',
    });
    return false;
  },
};

/**
 * Browsers say where a request comes from, and pages cannot change it: by Sec-Fetch-Site where the connection is trustworthy (W3C Fetch Metadata), by
 * Origin everywhere. Programs send neither.
 */
function isForeign(headers: IncomingHttpHeaders): boolean {
  const { origin, 'sec-fetch-site': site } = headers;
  if (site !== undefined) return site !== 'same-origin' && site !== 'none';
  if (origin === undefined) return false;
  const from = URL.parse(origin);
  // `null` is the origin of a sandboxed frame and of a file.
  return from === null || !askedNames(headers).some((name) => isSameHost(from, name));
}

/** Behind a gateway that renames the host; a page of another site cannot set these headers without being asked for leave first. */
function askedNames(headers: IncomingHttpHeaders): string[] {
  const { host, forwarded, 'x-forwarded-host': passed, 'x-original-host': original } = headers;
  const standard = [...String(forwarded ?? '').matchAll(/\bhost="?([^\s",;]+)/gi)].map(([, name]) => name ?? '');
  return [host, passed, original].flatMap((names) => String(names ?? '').split(',')).concat(standard);
}

/** A gateway often passes no port, or the one of its own scheme: then any port of that host is this service. */
function isSameHost(from: URL, name: string): boolean {
  const asked = URL.parse(`http://${name.trim()}`);
  if (asked === null || plain(asked.hostname) !== plain(from.hostname)) return false;
  return asked.port === '' || asked.port === '443' || asked.port === from.port;
}

/** `name.` is the same host as `name`. */
const plain = (hostname: string) => hostname.replace(/\.$/, '');
