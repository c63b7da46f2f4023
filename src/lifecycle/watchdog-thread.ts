/** The thread of the watchdog: counts beats, and when they stay out, says where the main thread stands and ends the process. */
import { writeSync } from 'node:fs';
import { type Debugger, Session } from 'node:inspector';
import { workerData } from 'node:worker_threads';
import { rfc3339, systemClock, wait } from '#foundation/clock.ts';
import type { WatchdogOrders } from './watchdog.ts';

const { beats, periodMs, patience, base, logFd } = workerData as WatchdogOrders;
const count = new Int32Array(beats);

/** A thread that runs JavaScript is interrupted within milliseconds; one that hangs in a system call never is. */
const INTERRUPT_MS = 2000;
/** Enough to see who called whom. */
const FRAMES = 10;

let seen = -1;
let missed = 0;
const stopWatching = systemClock.every(periodMs, () => {
  const now = Atomics.load(count, 0);
  missed = now === seen ? missed + 1 : 0;
  seen = now;
  if (missed < patience) return;
  stopWatching();
  void endProcess();
});

/** Interrupts the main thread as a debugger does, which needs no port and works in the middle of a loop. */
async function endProcess(): Promise<void> {
  const session = new Session();
  session.connectToMainThread();
  const { promise: paused, resolve: pause } = Promise.withResolvers<Debugger.PausedEventDataType | undefined>();
  session.on('Debugger.paused', ({ params }) => pause(params));
  const urls = new Map<string, string>();
  session.on('Debugger.scriptParsed', ({ params }) => urls.set(params.scriptId, params.url));
  session.post('Debugger.enable');
  session.post('Debugger.pause');
  systemClock.after(INTERRUPT_MS, () => pause(undefined));
  const where = await paused;
  const stack = where?.callFrames.slice(0, FRAMES).map((frame) => shown(frame, urls)) ?? ['in native code'];
  tell(stack);
  const top = where?.callFrames[0];
  if (top !== undefined) {
    // Exit code 1, as after every failure; process 1 of a container cannot be killed from inside of it.
    const expression = 'process.reallyExit(1)';
    session.post('Debugger.evaluateOnCallFrame', { callFrameId: top.callFrameId, expression });
    await wait(systemClock, INTERRUPT_MS);
  }
  process.kill(process.pid, 'SIGKILL');
}

function shown({ functionName, location }: Debugger.CallFrame, urls: ReadonlyMap<string, string>): string {
  const url = urls.get(location.scriptId) || 'unknown';
  return `${functionName || '(anonymous)'} (${url}:${location.lineNumber + 1}:${(location.columnNumber ?? 0) + 1})`;
}

/** Past the logger, whose buffer is emptied by the thread that stands still. */
function tell(stack: readonly string[]): void {
  const stalledSeconds = (periodMs * patience) / 1000;
  const line = {
    level: 'fatal',
    severity: 'CRITICAL',
    time: rfc3339(systemClock.epochMs()),
    ...base,
    stalled_seconds: stalledSeconds,
    stack,
    msg: 'the event loop stands still, exiting',
  };
  try {
    writeSync(logFd, `${JSON.stringify(line)}\n`);
  } catch {
    // Nobody reads; the end is more important than its line.
  }
}
