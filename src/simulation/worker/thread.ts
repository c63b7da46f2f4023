/** The thread's side of a worker: sleeps until it is summoned, burns, says that it is done, and sleeps again. */
import { setPriority } from 'node:os';
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { type BurnClock, burn } from './burn.ts';
import { type Job, jobFromNow, SharedState, type ThreadMessage } from './job.ts';

/**
 * Below the main thread, so that probes come first, but not at the bottom: beside a neighbour that spins on both cores,
 * 1000m came out 9.1 % short at 19, 3.5 % at 10, 1.3 % at 5 and 1.5 % at 0 (docs/decisions/0006-priority.md). On Linux
 * this is per thread, and the thread itself is meant where no other is named.
 */
const NICENESS = 5;

/**
 * How long the loop runs before the first job. V8 compiles it meanwhile on threads of its own; done during the
 * first job, that would be 10 to 15 ms of CPU time that nobody asked for (measured).
 */
const WARM_UP_MS = 150;

if (parentPort === null) throw new Error('thread.ts runs only as a worker');
const port = parentPort;
const state = new SharedState(workerData as SharedArrayBuffer);

try {
  setPriority(NICENESS);
} catch {
  // A sandbox may forbid it. Burning at normal priority is then the second best: probes get slower, not wrong.
}

let residue = 1;

const clock: BurnClock = {
  nowNs: process.hrtime.bigint,
  nowMs: () => performance.now(),
  threadCpuMicroseconds: () => {
    const { user, system } = process.threadCpuUsage();
    return user + system;
  },
  work: () => {
    // Plain arithmetic that V8 cannot drop, and no native call, which no stop flag could interrupt.
    let x = residue;
    for (let i = 0; i < 150_000; i += 1) x = (Math.imul(x, 1_103_515_245) + 12_345) | 0;
    residue = x;
  },
};

burn(jobFromNow(0.5, WARM_UP_MS / 1000), new SharedState(), clock);
port.postMessage({ type: 'ready' } satisfies ThreadMessage);

for (let seen = 0; ; ) {
  seen = state.awaitSummons(seen);
  // The job was posted before the summons, so it is there: no event loop turns in this thread to deliver it.
  const received = receiveMessageOnPort(port) as { message: Job } | undefined;
  if (received === undefined) continue;
  burn(received.message, state, clock);
  port.postMessage({ type: 'done' } satisfies ThreadMessage);
}
