/** Sends one piece of a load to whichever replica the Service chooses: POST /simulate-cpu on a connection of its own. */
import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { text } from 'node:stream/consumers';
import type { Simulation } from '#simulation/simulation.ts';
import type { Piece, Sent } from './spread-load.ts';

/** How long a replica may take beyond the piece itself; then the connection is given up. */
const PATIENCE_MS = 10_000;

export function sendPiece(url: URL, { cores, seconds }: Piece, signal: AbortSignal): Promise<Sent> {
  // Below whatever path the Service is reached under.
  const target = new URL(url);
  target.pathname = `${url.pathname.replace(/\/$/, '')}/simulate-cpu`;
  target.search = '';
  target.hash = '';
  const request = target.protocol === 'https:' ? requestHttps : requestHttp;
  const body = JSON.stringify({
    // As the API takes it: at most three decimals of a core and of a second.
    cpu: Math.max(0.001, Math.round(cores * 1000) / 1000),
    seconds: Math.round(seconds * 1000) / 1000,
  });
  return new Promise((resolve) => {
    const fail = (error: Error & { code?: string }) => resolve({ type: 'failed', reason: error.code ?? error.message });
    const sent = request(
      target,
      {
        method: 'POST',
        // No pool: a kept connection would stay with one replica for ever.
        agent: false,
        signal,
        timeout: seconds * 1000 + PATIENCE_MS,
        headers: {
          accept: 'application/json',
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(body),
          connection: 'close',
        },
      },
      (answer) =>
        void text(answer)
          .then((said) => resolve(outcomeOf(answer, said)))
          .catch(fail),
    );
    sent.on('timeout', () => sent.destroy(new Error('no answer in time')));
    sent.on('error', fail);
    sent.end(body);
  });
}

function outcomeOf({ statusCode = 0, headers }: IncomingMessage, said: string): Sent {
  const body = parsed(said);
  if (statusCode === 200) {
    const { replica, delivered } = body as unknown as Simulation;
    if (typeof delivered === 'object' && delivered !== null && 'core_seconds' in delivered) {
      return { type: 'done', replica, coreSeconds: delivered.core_seconds };
    }
    return { type: 'wrong', reason: 'What answers there is no SkyOps: it gave no report.' };
  }
  const reason = typeof body['detail'] === 'string' ? body['detail'] : `It answers with status ${statusCode}.`;
  if (statusCode === 429 || statusCode >= 500) {
    const seconds = Number(headers['retry-after'] ?? 1);
    return { type: 'refused', reason, retryAfterSeconds: Number.isFinite(seconds) ? seconds : 1 };
  }
  return { type: 'wrong', reason };
}

function parsed(said: string): Readonly<Record<string, unknown>> {
  try {
    return (JSON.parse(said) ?? {}) as Record<string, unknown>;
  } catch {
    return {};
  }
}
