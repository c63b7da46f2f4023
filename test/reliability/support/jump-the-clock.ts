/** Preloaded: each SIGUSR2 moves the wall clock, an hour ahead, an hour back, and so on. */
const now = Date.now;
let offsetMs = 0;
Date.now = () => now() + offsetMs;
process.on('SIGUSR2', () => {
  offsetMs = offsetMs === 0 ? 3_600_000 : offsetMs > 0 ? -3_600_000 : 0;
});
