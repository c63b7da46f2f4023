/** Preloaded by a test: when the process ends, tells on stdout what would have kept it alive. */
import { writeSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

if (isMainThread) {
  process.on('exit', () => {
    writeSync(1, `${JSON.stringify({ msg: 'left', resources: process.getActiveResourcesInfo() })}\n`);
  });
}
