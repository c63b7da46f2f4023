/** Preloaded by a test: an event loop that can be made to stand still from outside, in a loop of JavaScript. */
function aLoopWithoutEnd(): void {
  for (;;);
}

process.on('SIGUSR2', aLoopWithoutEnd);
