/** The thread's side of a worker: sleeps until it is summoned, does its job, says that it is done, and sleeps again. */
import { setPriority } from 'node:os';
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { CONSTANT } from '../shape.ts';
import { type BurnClock, burn } from './burn.ts';
import { HeldMemory } from './held-memory.ts';
import { hold } from './hold.ts';
import { type Job, SharedState, type ThreadMessage, timingFromNow } from './job.ts';

/**
 * Below the main thread, so that probes come first, but not at the bottom: beside a neighbour that spins on both cores,
 * 1000m came out 9.1 % short at 19, 3.5 % at 10, 1.3 % at 5 and 1.5 % at 0 (docs/decisions/0006-priority.md). On Linux
 * this is per thread, and the thread itself is meant where no other is named.
 */
const NICENESS = 5;

/**
 * How often and how long the loop runs before the first job. V8 compiles it meanwhile on threads of its own; during the
 * first job that would be CPU time that nobody asked for: 10 to 15 ms without a warm-up, and 11 ms in the twentieth second after one of
 * 300 periods (measured). More than once, because compiled code is given up where the second call differs from the first.
 */
const WARM_UP_ROUNDS = 3;
const WARM_UP_MS = 140;
const WARM_UP_PERIOD_MS = 0.1;

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

function work(job: Job, shared: SharedState): void {
  if (job.type === 'burn') burn(job, shared, clock);
  else hold(job, shared, new HeldMemory(job.bytes), clock);
}

for (let round = 0; round < WARM_UP_ROUNDS; round += 1) {
  const { timing } = timingFromNow(WARM_UP_MS / 1000, CONSTANT);
  // Cloned, as the jobs that come through the port are.
  burn(structuredClone({ type: 'burn', share: 0.3, ...timing }), new SharedState(), clock, WARM_UP_PERIOD_MS);
}
port.postMessage({ type: 'ready' } satisfies ThreadMessage);

for (let seen = 0; ; ) {
  seen = state.awaitSummons(seen);
  // The job was posted before the summons, so it is there: no event loop turns in this thread to deliver it.
  const received = receiveMessageOnPort(port) as { message: Job } | undefined;
  if (received === undefined) continue;
  work(received.message, state);
  port.postMessage({ type: 'done' } satisfies ThreadMessage);
}
