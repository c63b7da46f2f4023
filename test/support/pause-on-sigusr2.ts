/** Preloaded by a test: an event loop that stands still for 0.4 s each time that it is told to. */
process.on('SIGUSR2', () => {
  const end = performance.now() + 400;
  while (performance.now() < end);
});
