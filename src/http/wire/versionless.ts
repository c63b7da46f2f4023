/** Answers a request line without a version at once: checks of old balancers send one and wait, and Node waits for headers that never come. */
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { connectionOf } from './connection.ts';

/** Node's own and not documented (lib/_http_server.js): what a connection's parser calls after each read, and the bytes of that read. */
const ON_EXECUTE = 5;
type Parser = {
  [ON_EXECUTE]?: ((result: number) => void) | undefined;
  getCurrentBuffer?: () => Buffer | undefined;
};

/** A whole line with a method and a target, and nothing behind them. */
const VERSIONLESS_LINE = /^(?:\r?\n)*[A-Za-z]{1,20}[ \t]+[^\s]+[ \t]*\r?\n/;

/** There is a line that is not empty, with its end. */
const FIRST_LINE = /^[\r\n]*[^\r\n][^\n]*\n/;

/** Longer lines are answered by the limit on headers. */
const LOOKED_AT_BYTES = 8192;

/** Looks at the first line of each connection alone, so that requests cost nothing. On a Node whose parser is another, nothing is done. */
export function answerVersionless(server: Server, refuse: (socket: Socket) => void): void {
  server.on('connection', (socket: Socket & { parser?: Parser | null }) => {
    const { parser } = socket;
    const execute = parser?.[ON_EXECUTE];
    if (parser == null || typeof execute !== 'function' || typeof parser.getCurrentBuffer !== 'function') return;
    let head = '';
    parser[ON_EXECUTE] = (result) => {
      head += parser.getCurrentBuffer?.()?.subarray(0, LOOKED_AT_BYTES).toString('latin1') ?? '';
      const isSeen = head.length >= LOOKED_AT_BYTES || FIRST_LINE.test(head);
      if (isSeen) parser[ON_EXECUTE] = execute;
      execute(result);
      const connection = connectionOf(socket);
      if (!isSeen || connection.latestRequest !== undefined || connection.isClosing || !socket.writable) return;
      if (!VERSIONLESS_LINE.test(head)) return;
      // Whatever comes behind it is not looked at.
      connection.isClosing = true;
      refuse(socket);
    };
  });
}
