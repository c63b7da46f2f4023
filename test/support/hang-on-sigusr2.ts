/** Preloaded by a test: an event loop that can be made to stand still from outside, in a system call. */
import { spawnSync } from 'node:child_process';

process.on('SIGUSR2', () => {
  spawnSync('sleep', ['6']);
});
