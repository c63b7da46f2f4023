/** Runs a simulation in a SkyOps somewhere else, over its API. */
import { randomUUID } from 'node:crypto';
import { askFor, jsonIn, REPLICA_HEADER, start } from '#client/api.ts';
import { type HttpAnswer, type HttpClient, openHttpClient } from '#client/http-client.ts';
import { type Clock, wait } from '#foundation/clock.ts';
import { Failure } from '#foundation/failure.ts';
import { granted } from '#foundation/outcome.ts';
import type { Simulation } from '#simulation/simulation.ts';
import { PROGRESS_PERIOD_MS, type Runner, type Running } from '../runner.ts';

/** A request that a SkyOps under load has not answered by then is not going to be. */
const TIMEOUT_MS = 10_000;

/** How often an answer may fail to come in a row: a moment without a network is no reason to give up a long simulation. */
const MOST_FAILURES = 5;

/**
 * How often another replica may answer in a row, each time over a new connection. With ten replicas behind a Service that chooses at random, the right one
 * is missed so often once in 38,000 times.
 */
const MOST_MISSES = 100;

/** Between two tries, once the first few have missed. */
const MISS_PAUSE_MS = 50;

export function openRemoteRunner(url: URL, clock: Clock): Runner {
  const client = openHttpClient(url);
  return {
    start: async (kind, body) => {
      const started = await start(client, {
        path: `/simulations/${kind.name}`,
        expected: 202,
        body,
        // Sent again by some proxy, it is still one simulation.
        headers: { 'idempotency-key': randomUUID(), prefer: 'respond-async' },
        timeoutMs: TIMEOUT_MS,
      });
      return started.ok ? granted(follow(started.value as Simulation, client, clock)) : started;
    },
    close: async () => client.leave(),
  };
}

/** Keeps to the replica that runs it, and finds it again where the address leads to another one. */
function follow({ id, replica }: Simulation, client: HttpClient, clock: Clock): Running {
  const { address } = client;
  const called = `Simulation ${id} on replica ${replica}`;
  const stop = new AbortController();

  /** Asks until the replica answers that runs it. */
  async function ask(method: 'GET' | 'DELETE'): Promise<HttpAnswer> {
    const others = new Set<string>();
    let [failures, misses] = [0, 0];
    for (;;) {
      try {
        const answer = await askFor(client, { method, id, timeoutMs: TIMEOUT_MS });
        const { status } = answer;
        if (status < 300) return answer;
        if (status === 404) misses += 1;
        else if (status >= 500) failures += 1;
        else throw new Failure('lost', `${called} cannot be asked for: ${address} answers with status ${status}.`);
        const by = String(answer.headers[REPLICA_HEADER] ?? 'unknown');
        if (status === 404 && by === replica) {
          throw new Failure('lost', `${called} is not known there any more; it may have been restarted.`);
        }
        if (status === 404) others.add(by);
        else if (failures >= MOST_FAILURES)
          throw new Failure('lost', `${called}: ${address} answers with status ${status}.`);
      } catch (error) {
        if (!(error instanceof Failure) || error.code !== 'no-answer') throw error;
        failures += 1;
        if (failures >= MOST_FAILURES) throw new Failure('lost', `${called}: ${error.message}`, { cause: error });
      }
      if (misses >= MOST_MISSES) {
        throw new Failure(
          'lost',
          `${called} was not found: ${misses} times others answered at ${address} (${[...others].join(', ')}).`,
          {
            hint: 'Ask that replica itself: kubectl port-forward pod/NAME 8001.',
          },
        );
      }
      // A new connection leads to another replica, perhaps.
      client.leave();
      if (misses === 0) await wait(clock, PROGRESS_PERIOD_MS);
      else if (misses > 10) await wait(clock, MISS_PAUSE_MS);
    }
  }

  async function cancel(): Promise<void> {
    await ask('DELETE');
    stop.abort();
  }

  return {
    watch: async (onProgress) => {
      try {
        for (;;) {
          const simulation = jsonIn(await ask('GET')) as Simulation;
          if (simulation.state === 'ended') return simulation;
          onProgress?.(simulation);
          const restMs = simulation.progress.remaining_seconds * 1000 + 50;
          await wait(clock, Math.min(PROGRESS_PERIOD_MS, restMs), stop.signal);
        }
      } catch (error) {
        // Nobody watches it any more, so nobody would know that it still runs.
        await cancel().catch(() => {
          throw new Failure(
            'left-running',
            `${(error as Error).message} It could not be cancelled, and ends by itself.`,
            {
              cause: error,
              hint: `Cancel it there: curl -X DELETE ${address}/simulations/${id}`,
            },
          );
        });
        throw error;
      }
    },
    cancel,
  };
}
