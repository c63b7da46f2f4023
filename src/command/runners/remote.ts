/** Runs a simulation in a SkyOps somewhere else, over its API. */
import { randomUUID } from 'node:crypto';
import { type Clock, wait } from '#foundation/clock.ts';
import { Failure } from '#foundation/failure.ts';
import { granted, refused } from '#foundation/outcome.ts';
import type { Simulation } from '#simulation/simulation.ts';
import { type NotStarted, PROGRESS_PERIOD_MS, type Runner } from '../runner.ts';

/** A request that a SkyOps under load has not answered by then is not going to be. */
const TIMEOUT_MS = 10_000;

/** How often an answer may fail to come in a row: a moment without a network is no reason to give up a long simulation. */
const MOST_FAILURES = 5;

type Answer = { readonly status: number; readonly retryAfter: string | null; readonly body: unknown };

export function openRemoteRunner(url: URL, clock: Clock): Runner {
  async function ask(
    method: string,
    path: string,
    body?: object,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    try {
      const answer = await fetch(new URL(path, url), {
        method,
        signal: AbortSignal.timeout(TIMEOUT_MS),
        headers: { accept: 'application/json', ...(body && { 'content-type': 'application/json' }), ...headers },
        ...(body && { body: JSON.stringify(body) }),
      });
      return {
        status: answer.status,
        retryAfter: answer.headers.get('retry-after'),
        body: await answer.json().catch(() => ({})),
      };
    } catch (cause) {
      const reason = (cause as { cause?: { code?: string } }).cause?.code ?? (cause as Error).message;
      throw new Failure('no-answer', `${url.origin} did not answer: ${reason}.`, {
        cause,
        hint: 'Is it a SkyOps, and can this machine reach it? Try: skyops check URL',
      });
    }
  }

  async function read(path: string): Promise<Simulation> {
    for (let failures = 1; ; failures += 1) {
      try {
        const { status, body } = await ask('GET', path);
        if (status === 200) return body as Simulation;
        if (status >= 500) throw new Failure('no-answer', `${url.origin} answers with status ${status}.`);
        throw new Failure('lost', `${url.origin} does not know the simulation any more (status ${status}).`, {
          hint: 'Behind a load balancer another replica may have answered. Ask one pod directly: kubectl port-forward.',
        });
      } catch (error) {
        if (failures >= MOST_FAILURES || !(error instanceof Failure) || error.code !== 'no-answer') throw error;
        await wait(clock, PROGRESS_PERIOD_MS);
      }
    }
  }

  return {
    start: async (kind, body) => {
      const answer = await ask('POST', `/simulations/${kind.name}`, body, {
        // Sent again by some proxy, it is still one simulation.
        'idempotency-key': randomUUID(),
        prefer: 'respond-async',
      });
      if (answer.status !== 202) return refused(notStarted(answer));
      const { id } = answer.body as Simulation;
      const path = `/simulations/${id}`;
      const stop = new AbortController();
      return granted({
        watch: async (onProgress) => {
          for (;;) {
            const simulation = await read(path);
            if (simulation.state === 'ended') return simulation;
            onProgress?.(simulation);
            await wait(
              clock,
              Math.min(PROGRESS_PERIOD_MS, simulation.progress.remaining_seconds * 1000 + 50),
              stop.signal,
            );
          }
        },
        cancel: async () => {
          await ask('DELETE', path);
          stop.abort();
        },
      });
    },
    close: async () => {},
  };
}

function notStarted({ status, retryAfter, body }: Answer): NotStarted {
  const { detail, errors } = body as Partial<NotStarted>;
  return {
    detail: detail ?? `The answer had status ${status}.`,
    errors: errors ?? [],
    retryAfterSeconds: retryAfter === null ? undefined : Number(retryAfter),
    isWrong: status < 500 && status !== 429,
  };
}
