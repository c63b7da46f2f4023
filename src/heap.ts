/** Lets V8 collect garbage at the start and when memory is needed, never just because the process is idle, and forget nothing by it. */
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

/** See `keepTick`. */
const kept: object[] = [];

/**
 * Keeps one of the objects that `process.nextTick` makes, for as long as the process lives. What V8 has learnt of their form hangs on the
 * ones that are alive: a collection in a moment without any clears it, V8 does not learn it a second time, and each call is
 * slow from then on. A request makes two; they cost 0.9 of 14.5 µs that way (measured side by side).
 */
export function keepTick(): void {
  process.nextTick(() => kept.push(executionAsyncResource()));
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
