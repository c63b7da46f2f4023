/** Runs a simulation in this process: the engine alone, without a server. */
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import type { Clock } from '#foundation/clock.ts';
import { granted, refused } from '#foundation/outcome.ts';
import type { Caps } from '#simulation/capacity/caps.ts';
import { warmThreads } from '#simulation/capacity/cpu.ts';
import { EffectBoard } from '#simulation/effects/board.ts';
import { Engine } from '#simulation/engine.ts';
import { ENGINE_REFUSALS, type RefusalMeanings } from '#simulation/refusals.ts';
import { Pool } from '#simulation/worker/pool.ts';
import type { Machine } from '../command.ts';
import { PROGRESS_PERIOD_MS, type Runner } from '../runner.ts';

export type LocalParts = { readonly clock: Clock; readonly caps: Caps; readonly machine: Machine };

/** Resolves when the threads are warm. @throws Failure if they cannot be started. */
export async function openLocalRunner({ clock, caps, machine }: LocalParts): Promise<Runner> {
  const pool = new Pool({ clock, warmThreads: warmThreads(machine.supply.cpu(), caps), onBroken: () => {} });
  await pool.open();
  const { supply, throttledSeconds } = machine;
  const engine = new Engine({
    context: { clock, pool, supply, effects: new EffectBoard() },
    caps,
    throttledSeconds: { now: throttledSeconds, recently: throttledSeconds },
    newId: () => `sim-${randomBytes(8).toString('hex')}`,
    replica: hostname(),
    onEvent: () => {},
  });

  return {
    start: async (kind, body) => {
      const started = engine.start(kind, body, { requestId: 'command-line', actor: 'command-line' });
      if (!started.ok) {
        const { code, detail, errors: found = [], retryAfterSeconds } = started.refusal;
        const meanings: RefusalMeanings = { ...ENGINE_REFUSALS, ...kind.refusals };
        return refused({ detail, errors: found, retryAfterSeconds, isWrong: meanings[code]?.sort === 'wrong' });
      }
      const { id, ended } = started.value;
      await started.value.started;
      return granted({
        watch: async (onProgress) => {
          if (onProgress === undefined) return ended;
          const stop = clock.every(PROGRESS_PERIOD_MS, () => {
            const now = engine.find(id);
            if (now !== undefined) onProgress(now);
          });
          const report = await ended;
          stop();
          return report;
        },
        cancel: async () => void (await engine.cancel(id, 'cancelled')),
      });
    },
    close: () => pool.close(),
  };
}
