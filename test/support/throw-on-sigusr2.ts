/** Preloaded by a test: a defect that can be set off from outside. */
process.on('SIGUSR2', () => {
  throw new Error('planted by a test');
});
