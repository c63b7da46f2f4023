/** Preloaded into a replica that must lose requests: it waits as long as the others, and never says Connection: close. */
import { ServerResponse } from 'node:http';

const writeHead = ServerResponse.prototype.writeHead;
ServerResponse.prototype.writeHead = function withoutClose(this: ServerResponse, ...words: any[]) {
  for (const word of words) if (typeof word === 'object') delete word.connection;
  return writeHead.apply(this, words as any);
};
