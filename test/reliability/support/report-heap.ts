/** Preloaded: at each SIGUSR2 writes what is left after a garbage collection into the file named by TEST_REPORT. */
import { renameSync, writeFileSync } from 'node:fs';
import { getHeapSpaceStatistics } from 'node:v8';
import { isMainThread } from 'node:worker_threads';

/** Of V8's heap: machine code, and the bytecode and its tables, which are in the trusted space. */
const CODE_SPACES = ['code_space', 'code_large_object_space', 'trusted_space', 'trusted_large_object_space'];

if (isMainThread) {
  const file = process.env['TEST_REPORT'] ?? '';
  process.on('SIGUSR2', () => {
    // Twice: what the first finds to be finalized is free only after the second.
    globalThis.gc?.();
    globalThis.gc?.();
    const { heapUsed, rss } = process.memoryUsage();
    const codeUsed = getHeapSpaceStatistics()
      .filter(({ space_name }) => CODE_SPACES.includes(space_name))
      .reduce((sum, { space_used_size }) => sum + space_used_size, 0);
    const timers = process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    writeFileSync(`${file}.part`, JSON.stringify({ heapUsed, codeUsed, rss, timers }));
    renameSync(`${file}.part`, file);
  });
}
