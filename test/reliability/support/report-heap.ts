/** Preloaded: at each SIGUSR2 writes what is left after a garbage collection into the file named by TEST_REPORT. */
import { renameSync, writeFileSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

if (isMainThread) {
  const file = process.env['TEST_REPORT'] ?? '';
  process.on('SIGUSR2', () => {
    // Twice: what the first finds to be finalized is free only after the second.
    globalThis.gc?.();
    globalThis.gc?.();
    const { heapUsed, rss } = process.memoryUsage();
    const timers = process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    writeFileSync(`${file}.part`, JSON.stringify({ heapUsed, rss, timers }));
    renameSync(`${file}.part`, file);
  });
}
