/** Reads a JSON body strictly: what two parsers could understand differently is refused. */
import type { IncomingHttpHeaders } from 'node:http';
import type { FastifyInstance } from 'fastify';
import type { Refusal } from '#foundation/outcome.ts';
import type { ProblemCode } from './problem.ts';

/** Thrown inside Fastify's parsing, where a refusal cannot be returned; the error handler turns it into its problem. */
export class RefusedRequest extends Error {
  readonly refusal: Refusal<ProblemCode>;

  constructor(refusal: Refusal<ProblemCode>) {
    super(refusal.detail);
    this.refusal = refusal;
  }
}

/** Parameters mean nothing: JSON is UTF-8, whatever they say (RFC 8259, section 11); a body that is not is refused when it is read. */
const JSON_TYPE = /^[ \t]*application\/json[ \t]*(;|$)/i;

/** @throws RefusedRequest unless the body is JSON in UTF-8, as it is. */
export function requireJsonType(headers: IncomingHttpHeaders): void {
  const { 'content-type': contentType = '', 'content-encoding': encoding = 'identity' } = headers;
  if (JSON_TYPE.test(contentType) && encoding.toLowerCase() === 'identity') return;
  throw new RefusedRequest({
    code: 'unsupported-media-type',
    detail: 'Send the body as application/json in UTF-8, not compressed.',
  });
}

/** Replaces Fastify's parsers: text/plain is not taken at all, and an empty body is an empty object. */
export function acceptStrictJson(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    try {
      requireJsonType(request.headers);
      done(null, parseStrictJson(body as Buffer));
    } catch (error) {
      done(error as Error);
    }
  });
}

/**
 * @throws RefusedRequest for anything but one JSON text in UTF-8 without a byte order mark and without duplicate keys:
 * with those, a gateway in front and the parser here can see two different requests (RFC 8259, section 4).
 */
export function parseStrictJson(body: Uint8Array): unknown {
  if (body.length === 0) return {};
  let text: string;
  let value: unknown;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body);
    value = JSON.parse(text);
  } catch {
    throw new RefusedRequest({
      code: 'malformed-json',
      detail: 'The body must be one JSON text in UTF-8, without a byte order mark.',
    });
  }
  if (hasDuplicateKeys(text)) {
    throw new RefusedRequest({ code: 'malformed-json', detail: 'A key stands twice in the same object of the body.' });
  }
  return value;
}

/**
 * The tokens that matter for keys: a whole string, so that a brace inside of one is not taken for structure; and all that stands
 * between, so that each token begins where the one before ends and no text is looked at twice.
 */
const TOKEN = /"(?:[^"\\]|\\.)*"|[{}:]|[^"{}:]+/gy;

/** @param text valid JSON: only then is a string before a colon always a key. */
function hasDuplicateKeys(text: string): boolean {
  const objects: Set<string>[] = [];
  let lastString = '';
  for (const [token] of text.matchAll(TOKEN)) {
    if (token === '{') objects.push(new Set());
    else if (token === '}') objects.pop();
    else if (token.startsWith('"')) lastString = token;
    else if (token === ':') {
      // Parsed, because "a" and "\u0061" are the same key.
      const key: string = JSON.parse(lastString);
      const keys = objects.at(-1);
      if (keys?.has(key)) return true;
      keys?.add(key);
    }
  }
  return false;
}
