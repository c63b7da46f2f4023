/** Finds what Node's parser lets through although RFC 9112 does not: two parsers could see two different requests in it. */
import type { IncomingMessage } from 'node:http';
import type { Refusal } from '#foundation/outcome.ts';
import type { ProblemCode } from '../problem.ts';
import type { Connection } from './connection.ts';

/** RFC 3986, section 3.2.2, without user information: a name or an IPv4 address, or an IPv6 address in brackets; then a port. */
const HOST = /^(?:[A-Za-z0-9._~!$&'()*+,;=%-]*|\[[0-9A-Fa-f:.]+\])(?::[0-9]{0,5})?$/;

/** The control character that Node takes in a value. Bytes from 80 on are opaque, most often UTF-8: RFC 9110, section 5.5, obs-text. */
const DELETE = '\x7f';

const ENDS_CHUNKED = /(?:^|,)[ \t]*chunked$/i;

/** Methods whose body means nothing here; RFC 9110, section 9.3.1, lets a server refuse it, because it may hide a request. */
const BODILESS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'DELETE', 'OPTIONS']);

const refusal = (code: ProblemCode, detail: string): Refusal<ProblemCode> => ({ code, detail });

/** The first rule that the head of a request breaks, as a refusal; `undefined` for one that keeps to all of them. */
export function deviationOf(request: IncomingMessage, connection: Connection): Refusal<ProblemCode> | undefined {
  return inVersion(request) ?? inHeaders(request, connection) ?? inTarget(request) ?? inFraming(request);
}

function inVersion({ httpVersion }: IncomingMessage) {
  if (httpVersion === '1.1' || httpVersion === '1.0') return undefined;
  // A request line without a version is HTTP/0.9, which has no headers and no status to answer with.
  return httpVersion === '0.9'
    ? refusal('bad-request', 'The request line has no HTTP version.')
    : refusal('version-not-supported', 'Only HTTP/1.1 and HTTP/1.0 are spoken here.');
}

/** In one pass: this is a part of every request. */
function inHeaders({ httpVersion, headers, rawHeaders }: IncomingMessage, connection: Connection) {
  let hosts = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? '';
    if (name.length === 4 && name.toLowerCase() === 'host') hosts += 1;
    if (rawHeaders[index + 1]?.includes(DELETE)) {
      return refusal('bad-request', 'A header has control characters in it.');
    }
  }
  // RFC 9112, section 3.2.
  if (hosts > 1) return refusal('bad-request', 'The Host header stands twice.');
  if (hosts === 0 && httpVersion === '1.1') return refusal('bad-request', 'HTTP/1.1 requires a Host header.');
  if (hosts === 0 || headers.host === connection.host) return undefined;
  if (!HOST.test(headers.host ?? '')) return refusal('bad-request', 'The Host header is not a host.');
  connection.host = headers.host;
  return undefined;
}

function inTarget({ url = '', method }: IncomingMessage) {
  // The absolute form is for proxies; taken here, it would let a client choose the host in redirects.
  if (!url.startsWith('/') && !(url === '*' && method === 'OPTIONS')) {
    return refusal('bad-request', 'Send the path alone: this is not a proxy.');
  }
  // A fragment is never sent (RFC 9110, section 7.1); the router would leave it out without a word.
  return url.includes('#') ? refusal('bad-request', 'The target has a fragment.') : undefined;
}

/** RFC 9112, sections 6.1 and 6.3: faulty in HTTP/1.0 and where chunked is not the last coding; else a coding that is not understood is 501. */
function inFraming({ httpVersion, method = '', headers }: IncomingMessage) {
  const { 'transfer-encoding': coding, 'content-length': length } = headers;
  if (coding !== undefined) {
    if (httpVersion === '1.0') return refusal('bad-request', 'HTTP/1.0 has no Transfer-Encoding.');
    if (!ENDS_CHUNKED.test(coding)) return refusal('bad-request', 'Transfer-Encoding does not end with chunked.');
    if (coding.toLowerCase() !== 'chunked') {
      return refusal('coding-not-supported', 'Only Transfer-Encoding: chunked is understood.');
    }
  }
  const hasBody = coding !== undefined || Number(length ?? 0) !== 0;
  if (hasBody && BODILESS.has(method)) return refusal('bad-request', `${method} takes no body here.`);
  return undefined;
}
