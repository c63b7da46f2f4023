/** The thread of the watchdog: counts beats, and when they stay out, says where the main thread stands and ends the process. */
import { write } from 'node:fs';
import { type Debugger, Session } from 'node:inspector';
import { workerData } from 'node:worker_threads';
import { rfc3339, systemClock, wait } from '#foundation/clock.ts';
import type { WatchdogOrders } from './watchdog.ts';

const { beats, periodMs, patience, stallTimeoutSeconds, base, logFd } = workerData as WatchdogOrders;
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

async function endProcess(): Promise<void> {
  try {
    await tellWhereAndExit();
  } catch {
    // No inspector, or no right to use it: then without the place.
    await tell(['unknown']);
  }
  process.kill(process.pid, 'SIGKILL');
}

/** Interrupts the main thread as a debugger does, which needs no port and works in the middle of a loop. */
async function tellWhereAndExit(): Promise<void> {
  const session = new Session();
  session.connectToMainThread();
  const { promise: paused, resolve: pause } = Promise.withResolvers<Debugger.PausedEventDataType | undefined>();
  const urls = new Map<string, string>();
  session.on('Debugger.scriptParsed', ({ params }) => urls.set(params.scriptId, params.url));
  session.on('Debugger.paused', ({ params }) => pause(params));
  session.post('Debugger.enable');
  session.post('Debugger.pause');
  systemClock.after(INTERRUPT_MS, () => pause(undefined));
  const where = await paused;
  await tell(where?.callFrames.slice(0, FRAMES).map((frame) => shown(frame, urls)) ?? ['in native code']);
  const top = where?.callFrames[0];
  if (top === undefined) return;
  // Exit code 1, as after every failure; process 1 of a container cannot be killed from inside of it.
  const expression = 'process.reallyExit(1)';
  session.post('Debugger.evaluateOnCallFrame', { callFrameId: top.callFrameId, expression });
  await wait(systemClock, INTERRUPT_MS);
}

function shown({ functionName, location }: Debugger.CallFrame, urls: ReadonlyMap<string, string>): string {
  const url = urls.get(location.scriptId) || 'unknown';
  return `${functionName || '(anonymous)'} (${url}:${location.lineNumber + 1}:${(location.columnNumber ?? 0) + 1})`;
}

/** Past the logger, whose buffer is emptied by the thread that stands still; and not for long, as the reader may be stuck too. */
async function tell(stack: readonly string[]): Promise<void> {
  const line = {
    level: 'fatal',
    severity: 'CRITICAL',
    time: rfc3339(systemClock.epochMs()),
    ...base,
    stall_timeout_seconds: stallTimeoutSeconds,
    stack,
    msg: 'the event loop stands still, exiting',
  };
  const written = new AbortController();
  write(logFd, `${JSON.stringify(line)}\n`, () => written.abort());
  await wait(systemClock, INTERRUPT_MS, written.signal);
}
