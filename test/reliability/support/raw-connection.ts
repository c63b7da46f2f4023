/** One HTTP/1.1 connection, byte by byte, by a client that never retries: what it does not get is lost. */
import { connect, type Socket } from 'node:net';

export type RawAnswer = {
  readonly status: number;
  readonly head: string;
  readonly body: string;
  /** Whether the server has said that this connection ends here. */
  readonly closes: boolean;
};

/** Longer than anything here may take; a request without an answer until then is lost. */
const ANSWER_TIMEOUT_MS = 15_000;

export class RawConnection {
  readonly #socket: Socket;
  #received = '';
  #waiting: { resolve: (answer: RawAnswer) => void; reject: (error: Error) => void } | undefined;
  #error: Error | undefined;
  readonly connected: Promise<void>;
  readonly closed: Promise<void>;

  constructor(port: number, host = '127.0.0.1', timeoutMs = ANSWER_TIMEOUT_MS) {
    this.#socket = connect({ port, host, noDelay: true });
    this.#socket.setTimeout(timeoutMs, () => this.#fail(new Error('no answer in time')));
    this.connected = new Promise((resolve) => this.#socket.once('connect', () => resolve()));
    this.closed = new Promise((resolve) => this.#socket.once('close', () => resolve()));
    this.#socket.setEncoding('latin1');
    this.#socket.on('data', (text: string) => {
      this.#received += text;
      this.#look();
    });
    this.#socket.on('error', (error) => this.#fail(error));
    this.#socket.on('close', () => this.#fail(new Error('closed before the answer was whole')));
  }

  /** Sends the text and resolves with the next answer. Rejects if the connection ends before. */
  ask(request: string): Promise<RawAnswer> {
    const answer = this.next();
    this.#socket.write(request, 'latin1');
    return answer;
  }

  /** Sends a part of something. */
  send(text: string): void {
    this.#socket.write(text, 'latin1');
  }

  next(): Promise<RawAnswer> {
    return new Promise((resolve, reject) => {
      if (this.#error !== undefined) return reject(this.#error);
      this.#waiting = { resolve, reject };
      this.#look();
    });
  }

  /** Stops reading, as a client does that hangs. */
  pause(): void {
    this.#socket.pause();
  }

  close(): void {
    this.#socket.destroy();
  }

  /** What has come and was not taken as an answer. */
  get received(): string {
    return this.#received;
  }

  get isClosed(): boolean {
    return this.#error !== undefined || this.#socket.destroyed;
  }

  #look(): void {
    if (this.#waiting === undefined) return;
    const end = this.#received.indexOf('\r\n\r\n');
    if (end < 0) return;
    const head = this.#received.slice(0, end);
    const length = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0);
    if (this.#received.length < end + 4 + length) return;
    const body = this.#received.slice(end + 4, end + 4 + length);
    this.#received = this.#received.slice(end + 4 + length);
    const { resolve } = this.#waiting;
    this.#waiting = undefined;
    resolve({ status: Number(head.slice(9, 12)), head, body, closes: /^connection: *close/im.test(head) });
  }

  #fail(error: Error): void {
    this.#error ??= error;
    this.#socket.destroy();
    this.#waiting?.reject(this.#error);
    this.#waiting = undefined;
  }
}
