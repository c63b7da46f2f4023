/** How lines get to stdout without ever waiting for whoever reads it. */
import { fstatSync } from 'node:fs';
import { Socket } from 'node:net';
import type { Writable } from 'node:stream';
import sonicBoom from 'sonic-boom';
import { tricks } from '#foundation/tricks.ts';

export type LogOutput = {
  /** Takes whole lines. `ascii` promises that there is nothing else in them: they need not be looked at character by character. */
  readonly write: (lines: string, encoding: 'utf8' | 'ascii') => void;
  /** Calls back when all that was taken has been handed to the kernel; never, if the reader never reads again. */
  readonly flush: (done: () => void) => void;
};

/** Standard output, as the process holds it. */
export type Stdout = { readonly fd: number; readonly stream: () => Writable };

/** Told how many lines were dropped, because too much waits already or nobody is left to read. */
export type OnDropped = (lines: number) => void;

/** @param maxBytes how much may wait. */
export function openLogOutput(stdout: Stdout, maxBytes: number, onDropped: OnDropped): LogOutput {
  const stat = fstatSync(stdout.fd);
  // What a container has, and a service of systemd.
  const stream = stat.isFIFO() || stat.isSocket() ? stdout.stream() : undefined;
  // For a socket of datagrams Node has a stream that throws away whatever it is given.
  return stream instanceof Socket && tricks.pipeLog
    ? overPipe(stream, maxBytes, onDropped)
    : throughThreads(stdout.fd, maxBytes, onDropped);
}

/**
 * Node's own stream on a pipe does not block: it tries to write, and what the kernel does not take waits until it does. Through a
 * thread the log cost 1.8 µs a request more (16.2 and 14.4 in all, measured, the process pinned to one core).
 */
function overPipe(stream: Socket, maxBytes: number, onDropped: OnDropped): LogOutput {
  // The reader is gone (EPIPE): the service goes on.
  stream.on('error', () => {});
  return {
    write: (lines, encoding) => {
      // Characters, as the stream counts what it holds as text; all but a few of a log are bytes.
      if (stream.writableLength + lines.length > maxBytes) return onDropped(countLines(lines));
      stream.write(lines, encoding, (error) => {
        if (error) onDropped(countLines(lines));
      });
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
function throughThreads(fd: number, maxBytes: number, onDropped: OnDropped): LogOutput {
  const destination = new sonicBoom.SonicBoom({
    fd,
    sync: false,
    // Every chunk at once; those that come while the kernel takes the one before go together.
    minLength: 1,
    maxLength: maxBytes,
  });
  destination.on('drop', (lines: string) => onDropped(countLines(lines)));
  // The disk is full: the service goes on, the buffer fills up, and drops are counted.
  destination.on('error', () => {});
  return {
    write: (lines) => void destination.write(lines),
    flush: (done) => destination.flush(() => done()),
  };
}

const countLines = (lines: string) => lines.split('\n').length - 1;
