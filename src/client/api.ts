/** The SkyOps API as our own programs speak it: what it grants and what it refuses, as values. */
import { granted, type Outcome, refused } from '#foundation/outcome.ts';
import type { HttpAnswer, HttpClient } from './http-client.ts';

/** A request that was not granted, as the API's problems say it. */
export type ApiRefusal = {
  readonly detail: string;
  readonly errors: readonly { readonly pointer: string; readonly message: string }[];
  /** There where the same request may be granted later. */
  readonly retryAfterSeconds: number | undefined;
  /** Wrong in itself, so that nothing but another request will do. */
  readonly isWrong: boolean;
};

/** Which replica answered, as its header says. */
export const REPLICA_HEADER = 'x-skyops-replica';

export type StartOptions = {
  readonly path: string;
  /** 200 with the report, where it is waited for the end; 202 with the progress, where it is not. */
  readonly expected: 200 | 202;
  readonly body: object;
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
};

/**
 * Asks for a simulation.
 * @returns what was answered, as JSON: a progress or a report; `{}` where something else answers there.
 * @throws Failure `no-answer`, as the client does.
 */
export async function start(
  client: HttpClient,
  { expected, ...request }: StartOptions,
): Promise<Outcome<unknown, ApiRefusal>> {
  const answer = await client.ask({ method: 'POST', ...request });
  return answer.status === expected ? granted(jsonIn(answer)) : refused(refusalIn(answer));
}

export type SimulationRequest = { readonly method: 'GET' | 'DELETE'; readonly id: string; readonly timeoutMs: number };

/** Reads or cancels a simulation; what the status means depends on which replica has answered. */
export const askFor = (client: HttpClient, { method, id, timeoutMs }: SimulationRequest): Promise<HttpAnswer> =>
  client.ask({ method, path: `/simulations/${encodeURIComponent(id)}`, timeoutMs });

/** What a problem says, or what little is known where something else refuses. */
function refusalIn(answer: HttpAnswer): ApiRefusal {
  const { status, headers } = answer;
  const { detail, errors } = jsonIn(answer) as { readonly detail?: unknown; readonly errors?: ApiRefusal['errors'] };
  const retryAfter = Number(headers['retry-after'] ?? Number.NaN);
  return {
    detail: typeof detail === 'string' ? detail : `The answer had status ${status}.`,
    errors: Array.isArray(errors) ? errors : [],
    retryAfterSeconds: Number.isFinite(retryAfter) ? retryAfter : undefined,
    isWrong: status < 500 && status !== 429,
  };
}

/** Something else may answer, a gateway for example: then nothing is known. */
export function jsonIn({ text }: HttpAnswer): object {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}
