/** Starts a simulation for somebody, once for each of their keys, and waits for it as long as they want. */
import { type Clock, wait } from '#foundation/clock.ts';
import { granted, type Outcome, type Refusal } from '#foundation/outcome.ts';
import type { Engine } from '#simulation/engine.ts';
import type { Origin, StartedSimulation } from '#simulation/entry.ts';
import type { Startable } from '#simulation/kind.ts';
import type { EngineRefusalCode } from '#simulation/refusals.ts';
import type { Simulation } from '#simulation/simulation.ts';
import { fingerprintOf, type IdempotencyKeys } from './idempotency.ts';

export type StartParts = { readonly engine: Engine; readonly clock: Clock; readonly idempotencyKeys: IdempotencyKeys };

export type StartRequest<Code extends string> = {
  readonly kind: Startable<Code>;
  /** Has passed the schema of the kind. */
  readonly body: unknown;
  readonly origin: Origin;
  /** Of this actor; `undefined` starts anew each time. */
  readonly key: string | undefined;
};

/** Longer than any simulation may last. */
export const TO_THE_END_SECONDS = 1_000_000;

/** Starts it, unless the same key of the same actor has started it before. */
export function startOnce<Code extends string>(
  { kind, body, origin, key }: StartRequest<Code>,
  { engine, idempotencyKeys }: Omit<StartParts, 'clock'>,
): Outcome<StartedSimulation, Refusal<Code | EngineRefusalCode | 'idempotency-key-reused'>> {
  if (key === undefined) return engine.start(kind, body, origin);
  const owned = { actor: origin.actor, key };
  const fingerprint = fingerprintOf(kind.name, body);
  const found = idempotencyKeys.find(owned, fingerprint);
  if (!found.ok) return found;
  if (found.value !== undefined) {
    const { id, report } = found.value;
    const past = engine.attach(id);
    if (past !== undefined) return granted(past);
    if (report !== undefined) return granted({ id, started: Promise.resolve(), ended: Promise.resolve(report) });
  }
  const started = engine.start(kind, body, origin);
  // A refusal is not remembered: the same request may be granted later.
  if (started.ok) idempotencyKeys.remember(owned, fingerprint, started.value);
  return started;
}

/**
 * Waits for the end, for at most so many seconds. A caller that leaves meanwhile cancels the simulation.
 * @returns the report, or `undefined` where it still runs.
 */
export async function waitForEnd(
  { id, ended }: StartedSimulation,
  seconds: number,
  hasLeft: AbortSignal,
  { engine, clock }: Pick<StartParts, 'engine' | 'clock'>,
): Promise<Simulation | undefined> {
  const onLeft = () => void engine.cancel(id, 'client_gone');
  hasLeft.addEventListener('abort', onLeft, { once: true });
  // The caller may have left while the work was being started; that event does not come again.
  if (hasLeft.aborted) onLeft();
  const isOver = new AbortController();
  void ended.then(() => isOver.abort());
  const timeRanOut = await wait(clock, Math.min(seconds, TO_THE_END_SECONDS) * 1000, isOver.signal);
  hasLeft.removeEventListener('abort', onLeft);
  return timeRanOut ? undefined : ended;
}
