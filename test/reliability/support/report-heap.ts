/** Preloaded: at each SIGUSR2 writes what is left after a garbage collection into the files named by TEST_REPORT and TEST_SNAPSHOT. */
import { renameSync, writeFileSync } from 'node:fs';
import { writeHeapSnapshot } from 'node:v8';
import { isMainThread } from 'node:worker_threads';

if (isMainThread) {
  const file = process.env['TEST_REPORT'] ?? '';
  const snapshot = process.env['TEST_SNAPSHOT'];
  process.on('SIGUSR2', () => {
    // Twice: what the first finds to be finalized is free only after the second.
    globalThis.gc?.();
    globalThis.gc?.();
    const { heapUsed, rss } = process.memoryUsage();
    const timers = process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    if (snapshot !== undefined) writeHeapSnapshot(snapshot);
    writeFileSync(`${file}.part`, JSON.stringify({ heapUsed, rss, timers }));
    renameSync(`${file}.part`, file);
  });
}
