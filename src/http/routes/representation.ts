/** Answers with a text that a client may have already, or may want compressed: ETag, 304, gzip. */
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { FastifyReply, FastifyRequest } from 'fastify';
import Negotiator from 'negotiator';

/** In a thread of its own: a tenth of the size for nothing that the event loop notices. */
export const compress = promisify(gzip);

/** Below this a compressed text is hardly smaller, and the packet is the same. */
const WORTH_COMPRESSING_BYTES = 1024;

export type Representation = {
  /** Its media type. */
  readonly type: string;
  readonly content: Buffer;
  /** Weak, because it names the text in every coding (RFC 9110, section 8.8.1). */
  readonly etag: string;
  /** Made when it is first asked for, in a thread of its own, and then kept. */
  readonly gzipped: () => Promise<Buffer>;
};

export function representationOf(type: string, content: Buffer): Representation {
  let gzipped: Promise<Buffer> | undefined;
  return {
    type,
    content,
    etag: `W/"${createHash('sha256').update(content).digest('base64url').slice(0, 22)}"`,
    gzipped: () => {
      gzipped ??= compress(content);
      return gzipped;
    },
  };
}

export const jsonRepresentation = (value: unknown) =>
  representationOf('application/json; charset=utf-8', Buffer.from(JSON.stringify(value)));

/** May be kept, and is asked for again each time: a 304 is all that it costs. */
export const REVALIDATED = { 'cache-control': 'no-cache' };
/** The same for what not everybody may see. */
export const REVALIDATED_BY_ONE = { 'cache-control': 'private, no-cache' };

/** Which of them a client takes, the more welcome first (RFC 9110, section 12.5.3). */
export function takesGzip(request: Pick<FastifyRequest, 'headers'>): boolean {
  // x-gzip is its older name (RFC 9110, section 8.4.1.3).
  const accepted = String(request.headers['accept-encoding'] ?? '').replaceAll(/\bx-gzip\b/gi, 'gzip');
  return new Negotiator({ headers: { 'accept-encoding': accepted } }).encodings(['gzip', 'identity'])[0] === 'gzip';
}

/** Written by the piece, a large file shows how far its reader has come; as one write, a slow reader of 1.7 MB looks like one that stalls. */
const PIECE_BYTES = 65_536;

function* piecesOf(content: Buffer) {
  for (let at = 0; at < content.length; at += PIECE_BYTES) yield content.subarray(at, at + PIECE_BYTES);
}

/** @param representation what GET answers. HEAD and 304 have the same headers. */
export async function sendRepresentation(
  request: FastifyRequest,
  reply: FastifyReply,
  { type, content, etag, gzipped }: Representation,
): Promise<FastifyReply> {
  const isCompressible = content.length >= WORTH_COMPRESSING_BYTES && !type.startsWith('image/');
  reply.header('etag', etag);
  if (isCompressible) reply.header('vary', 'accept-encoding');
  if (isKnown(request.headers['if-none-match'], etag)) return reply.code(304).send();
  let body = content;
  if (isCompressible && takesGzip(request)) {
    body = await gzipped();
    reply.header('content-encoding', 'gzip');
  }
  reply.header('content-type', type).header('content-length', body.length);
  return reply.send(body.length <= PIECE_BYTES ? body : Readable.from(piecesOf(body), { objectMode: false }));
}

/** RFC 9110, section 13.1.2: a list of tags, compared weakly, or `*` for any. */
function isKnown(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  const opaque = etag.slice(2);
  const tags: readonly string[] = ifNoneMatch.match(/"[^"]*"/g) ?? [];
  return ifNoneMatch.trim() === '*' || tags.includes(opaque);
}
