/** The thread's side of a worker: sleeps until it is summoned, does its job, says that it is done, and sleeps again. */
import { setPriority } from 'node:os';
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { systemRandom } from '#foundation/random.ts';
import { CONSTANT } from '../shape.ts';
import type { Shape } from '../shape-schema.ts';
import { type BurnClock, burn } from './burn.ts';
import { HeldMemory } from './held-memory.ts';
import { hold } from './hold.ts';
import { type Job, SharedState, type ThreadMessage, timingFromNow } from './job.ts';
import { SampleBuffer } from './sample-buffer.ts';

/**
 * Below the main thread, so that probes come first, but not at the bottom: beside a neighbour that spins on both cores,
 * 1000m came out 9.1 % short at 19, 3.5 % at 10, 1.3 % at 5 and 1.5 % at 0 (docs/decisions/0006-priority.md). On Linux
 * this is per thread, and the thread itself is meant where no other is named.
 */
const NICENESS = 5;

/**
 * What the loop follows before the first job. V8 compiles it meanwhile on threads of its own; during the first job that
 * would be CPU time that nobody asked for: 10 to 15 ms without a warm-up, 11 ms in the twentieth second after one of 300 periods,
 * and 9 ms in the first second of the third ramp after one that knew constants alone, because compiled code is given up where it
 * meets what it was not compiled for (measured).
 */
const WARM_UP_SHAPES: readonly Shape[] = [
  CONSTANT,
  { type: 'ramp', from: 0.2, to: 1 },
  { type: 'steps', parts: [0.2, 1] },
  { type: 'sine', mean: 0.6, amplitude: 0.4, period_seconds: 0.1 },
  { type: 'spike', base: 0.2, peak: 1, at_seconds: 0.02, for_seconds: 0.02 },
  CONSTANT,
];
const WARM_UP_MS = 30;
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
  if (job.type === 'hold') hold(job, shared, new HeldMemory(job.bytes, systemRandom), clock);
}

for (const shape of WARM_UP_SHAPES) {
  const { timing } = timingFromNow(WARM_UP_MS / 1000, shape);
  // With samples too: a job of so many seconds has room for one in each millisecond.
  const samples = { samples: SampleBuffer.forSeconds(WARM_UP_MS).buffer, samplePeriodMs: 1 };
  // Cloned, as the jobs that come through the port are.
  const restless = new SharedState();
  restless.stayAwake();
  burn(structuredClone({ type: 'burn', share: 0.3, ...timing, ...samples }), restless, clock, WARM_UP_PERIOD_MS);
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
