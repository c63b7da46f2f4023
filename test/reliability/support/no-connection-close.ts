/** Preloaded into a replica that must lose requests: it waits as long as the others, and never says Connection: close. */
import { ServerResponse } from 'node:http';

const writeHead = ServerResponse.prototype.writeHead;
ServerResponse.prototype.writeHead = function withoutClose(this: ServerResponse, ...words: unknown[]) {
  for (const word of words) if (isHeaders(word)) delete word['connection'];
  return writeHead.apply(this, words as Parameters<typeof writeHead>);
};

function isHeaders(word: unknown): word is Record<string, unknown> {
  return typeof word === 'object' && word !== null;
}
