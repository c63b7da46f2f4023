/**
 * Preloaded: a thread that runs a simulation breaks as soon as the file named by TEST_TRIGGER is there, once. As long as there is another
 * one of that name with `.no-start` behind it, no thread starts.
 */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

const trigger = process.env['TEST_TRIGGER'] ?? '';

if (!isMainThread) {
  if (existsSync(`${trigger}.no-start`)) throw new Error('kept from starting by a test');
  const wait = Atomics.wait;
  let lookAt = 0;
  // A thread at work sleeps in here for a moment in every period.
  Atomics.wait = ((...args: Parameters<typeof wait>) => {
    lookAt += 1;
    if (lookAt % 10 === 0 && existsSync(trigger)) {
      const fault = readFileSync(trigger, 'utf8');
      rmSync(trigger, { force: true });
      if (fault === 'throws') throw new Error('planted by a test');
      const hoard: unknown[] = [];
      for (;;) hoard.push(new Array(10_000).fill(hoard.length));
    }
    return wait(...args);
  }) as typeof wait;
}
