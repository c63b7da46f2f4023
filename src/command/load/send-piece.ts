/** Sends one piece of a load to whichever replica the Service chooses: POST /simulate-cpu on a connection of its own. */
import { start } from '#client/api.ts';
import { openHttpClient, reasonOf } from '#client/http-client.ts';
import { Failure } from '#foundation/failure.ts';
import type { Piece, Sent } from './spread-load.ts';

/** How long a replica may take beyond the piece itself; then the connection is given up. */
const PATIENCE_MS = 10_000;

export async function sendPiece(url: URL, { cores, seconds }: Piece, signal: AbortSignal): Promise<Sent> {
  // A kept connection would stay with one replica for ever.
  const client = openHttpClient(url, { isKept: false });
  try {
    const started = await start(client, {
      path: '/simulate-cpu',
      expected: 200,
      // As the API takes it: at most three decimals of a core and of a second.
      body: { cpu: Math.max(0.001, Math.round(cores * 1000) / 1000), seconds: Math.round(seconds * 1000) / 1000 },
      headers: { connection: 'close' },
      timeoutMs: seconds * 1000 + PATIENCE_MS,
      signal,
    });
    if (started.ok) return doneIn(started.value);
    const { isWrong, detail: reason, retryAfterSeconds = 1 } = started.refusal;
    return isWrong ? { type: 'wrong', reason } : { type: 'refused', reason, retryAfterSeconds };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { type: 'failed', reason: reasonOf(error.cause) };
  }
}

function doneIn(report: unknown): Sent {
  const { replica, delivered } = report as { replica?: string; delivered?: { core_seconds?: number } };
  if (replica !== undefined && delivered?.core_seconds !== undefined) {
    return { type: 'done', replica, coreSeconds: delivered.core_seconds };
  }
  return { type: 'wrong', reason: 'What answers there is no SkyOps: it gave no report.' };
}
