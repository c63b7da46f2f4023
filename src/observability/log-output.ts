/** How lines get to stdout without ever waiting for whoever reads it. */
import { fstatSync } from 'node:fs';
import type { Writable } from 'node:stream';
import sonicBoom from 'sonic-boom';

export type LogOutput = {
  /** Takes whole lines; gives how many of them were dropped because too much waits already, or nobody is left to read. */
  readonly write: (lines: string) => number;
  /** Calls back when all that was taken has been handed to the kernel; never, if the reader never reads again. */
  readonly flush: (done: () => void) => void;
};

/** Standard output, as the process holds it. */
export type Stdout = { readonly fd: number; readonly stream: () => Writable };

/** @param maxBytes how much may wait. */
export function openLogOutput(stdout: Stdout, maxBytes: number): LogOutput {
  const stat = fstatSync(stdout.fd);
  // What a container has, and a service of systemd.
  const isPipe = stat.isFIFO() || stat.isSocket();
  return isPipe ? overPipe(stdout.stream(), maxBytes) : throughThreads(stdout.fd, maxBytes);
}

/**
 * Node's own stream on a pipe does not block: it tries to write, and what the kernel does not take waits until it does. Through a
 * thread each chunk cost three times as much: 3.0 and 1.0 µs a request (measured, the process pinned to one core).
 */
function overPipe(stream: Writable, maxBytes: number): LogOutput {
  // The reader is gone (EPIPE): the service goes on, and what it would say is counted.
  stream.on('error', () => {});
  return {
    write: (lines) => {
      if (stream.destroyed || stream.writableLength + lines.length > maxBytes) return countLines(lines);
      stream.write(lines);
      return 0;
    },
    flush: (done) => {
      // Behind all that waits; where nobody reads any more the callback gets an error, which is an end too.
      stream.write('', done);
    },
  };
}

/**
 * A file or a terminal, where a write may block: then a thread of the pool waits. Not pino.destination(): it writes synchronously, so
 * that a disk that hangs stops the whole service, and it flushes synchronously at exit (both measured).
 */
function throughThreads(fd: number, maxBytes: number): LogOutput {
  const destination = new sonicBoom.SonicBoom({
    fd,
    sync: false,
    // Every chunk at once; those that come while the kernel takes the one before go together.
    minLength: 1,
    maxLength: maxBytes,
  });
  let dropped = 0;
  destination.on('drop', (lines: string) => {
    dropped = countLines(lines);
  });
  // The disk is full: the service goes on, the buffer fills up, and drops are counted.
  destination.on('error', () => {});
  return {
    write: (lines) => {
      dropped = 0;
      destination.write(lines);
      return dropped;
    },
    flush: (done) => destination.flush(() => done()),
  };
}

const countLines = (lines: string) => lines.split('\n').length - 1;
