/** Controls when V8 collects garbage: once at the start and when memory is needed, never because the process is idle. */
import { executionAsyncResource } from 'node:async_hooks';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * Turns V8's memory reducer off, which collects the whole heap some seconds or minutes after the last work: 60 to 100
 * ms of CPU time that nobody asked for, which made one second of a load of 500m 12 % too much (seen with --trace-gc).
 *
 * To be called before anything else is loaded: compiled code is kept on disk for one set of flags.
 */
export function collectOnlyOnDemand(): void {
  // The reducer itself is made before any of our code runs; this is how often it may collect.
  setFlagsFromString('--memory-reducer-gc-count=0');
  setFlagsFromString('--expose-gc');
}

/**
 * Collects what the start has left behind, which V8 would otherwise do in the middle of the first load. In the "last-resort" way, which
 * gives back 8 MiB more, the young generation's room among them; what is needed of it comes back with the first load.
 */
export function collectNow(): void {
  // The flag shows only in a context that is made after it was set.
  const collect = runInNewContext('gc') as (how: { type: 'major'; flavor: 'last-resort' }) => void;
  collect({ type: 'major', flavor: 'last-resort' });
}

/** One `nextTick` object, kept alive. */
const kept: object[] = [];

/**
 * A speed trick: keeps one `nextTick` object alive. If a full collection runs while none is, such as ours at the start, V8 forgets their
 * shape, and every later call is slower; a request makes two. It goes with its cause, the collection at the start.
 */
export function keepTick(): void {
  process.nextTick(() => kept.push(executionAsyncResource()));
}
