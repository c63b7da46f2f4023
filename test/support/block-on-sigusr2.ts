/** Preloaded by a test: an event loop that can be made to stand still from outside, without using CPU. */
process.on('SIGUSR2', () => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 4000);
});
