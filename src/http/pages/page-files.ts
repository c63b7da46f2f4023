/** The files that a page of documentation is made of, served from where they lie: beside this file, or in the package that they come in. */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { type Representation, representationOf, sendRepresentation } from '../routes/representation.ts';
import type { App } from '../routes/route.ts';
import { loosen } from '../wire/response-headers.ts';

/** Nothing foreign, nothing inline; each page adds only what it cannot do without. */
export const SAME_ORIGIN =
  "default-src 'none'; script-src 'self'; connect-src 'self'; img-src 'self' data:; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** Without the charset a regular expression in ReDoc's bundle is misread and the page stays blank. */
export const SCRIPT = 'text/javascript; charset=utf-8';

export type PageFile = () => Promise<Representation>;

/** A file of ours or of a package, by the name that an import would use. Read when it is first asked for, and then kept. */
export function packageFile(type: string, specifier: string, change = (source: Buffer) => source): PageFile {
  let file: Promise<Representation> | undefined;
  return () => {
    file ??= readFile(fileURLToPath(import.meta.resolve(specifier)))
      .then((source) => representationOf(type, change(source)))
      .catch((error: Error) => {
        // Another time it may be readable.
        file = undefined;
        throw error;
      });
    return file;
  };
}

/** The text of a page, to be filled in. */
export function packageText(specifier: string): () => Promise<string> {
  const file = packageFile('text/html', specifier);
  return async () => (await file()).content.toString();
}

/** Serves each file below `prefix` under its name. */
export function servePageFiles(app: App, prefix: string, files: ReadonlyMap<string, PageFile>): void {
  app.get<{ Params: { file: string } }>(
    `${prefix}/:file`,
    { config: { access: 'public' }, schema: { hide: true } },
    async (request, reply) => {
      const file = files.get(request.params.file);
      if (file === undefined) return reply.callNotFound();
      loosen(reply, { 'cache-control': 'public, max-age=3600' });
      return sendRepresentation(request, reply, await file());
    },
  );
}
