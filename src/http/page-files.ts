/** The files that a page of documentation loads, served from the packages that they come in. */
import { readFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { loosen } from './answer.ts';
import type { App } from './routes/route.ts';

/** Nothing foreign, nothing inline; each page adds only what it cannot do without. */
export const SAME_ORIGIN =
  "default-src 'none'; script-src 'self'; connect-src 'self'; img-src 'self' data:; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** Without the charset a regular expression in ReDoc's bundle is misread and the page stays blank. */
export const SCRIPT = 'text/javascript; charset=utf-8';

export type PageFile = {
  /** Its media type. */
  readonly type: string;
  readonly content: () => Promise<Buffer>;
};

/** A file of a package, by the name that an import would use. Read when it is first asked for, and then kept. */
export function packageFile(type: string, specifier: string, change = (source: Buffer) => source): PageFile {
  let content: Promise<Buffer> | undefined;
  return {
    type,
    content: () => {
      content ??= readFile(fileURLToPath(import.meta.resolve(specifier)))
        .then(change)
        .catch((error: Error) => {
          // Another time it may be readable.
          content = undefined;
          throw error;
        });
      return content;
    },
  };
}

export function textFile(type: string, text: string): PageFile {
  const content = Promise.resolve(Buffer.from(text));
  return { type, content: () => content };
}

/** Written by the piece, a large file shows how far its reader has come; as one write, a slow reader of 1.7 MB looks like one that stalls. */
const PIECE_BYTES = 65_536;

function* piecesOf(content: Buffer) {
  for (let at = 0; at < content.length; at += PIECE_BYTES) yield content.subarray(at, at + PIECE_BYTES);
}

/** Serves each file below `prefix` under its name. */
export function servePageFiles(app: App, prefix: string, files: ReadonlyMap<string, PageFile>): void {
  app.get<{ Params: { file: string } }>(
    `${prefix}/:file`,
    { config: { access: 'public' }, schema: { hide: true } },
    async (request, reply) => {
      const file = files.get(request.params.file);
      if (file === undefined) return reply.callNotFound();
      const content = await file.content();
      loosen(reply, { 'cache-control': 'public, max-age=3600' })
        .header('content-type', file.type)
        .header('content-length', content.length);
      return reply.send(
        content.length <= PIECE_BYTES ? content : Readable.from(piecesOf(content), { objectMode: false }),
      );
    },
  );
}
