/** Makes a repeated start the same simulation: remembers which key of whom has started which one, and for what body. */
import { createHash } from 'node:crypto';
import { granted, type Outcome, type Refusal, refused } from '#foundation/outcome.ts';
import type { StartedSimulation } from '#simulation/entry.ts';
import type { Simulation } from '#simulation/simulation.ts';

export const IDEMPOTENCY_KEY_HEADER = 'idempotency-key';

/** Printable ASCII, but not two quotes around nothing; the draft quotes the key as a structured string, most clients send it bare. */
export const IDEMPOTENCY_KEY_PATTERN = '^(?:[!-~]|[!#-~][!-~]|"[!#-~]|[!-~]{3,255})$';
const WELL_FORMED = new RegExp(IDEMPOTENCY_KEY_PATTERN);

/** A minute of 33 a second; beyond it the oldest key is forgotten. */
const MAX_KEYS = 2000;

/** Ends after which the same key starts anew. */
const ANEW: ReadonlySet<string> = new Set(['client_gone', 'failed']);

/** A key belongs to its sender: the same key of another sender is another key. */
export type OwnedKey = { readonly actor: string; readonly key: string };

/** What a key has started. */
type Remembered = {
  readonly fingerprint: string;
  readonly id: string;
  /** Once it has ended, without the samples: the report outlives what the engine keeps of it. */
  report: Simulation | undefined;
};

export class IdempotencyKeys {
  readonly #remembered = new Map<string, Remembered>();

  /** What this key has started for this body, if anything. */
  find(
    owned: OwnedKey,
    fingerprint: string,
  ): Outcome<Readonly<Remembered> | undefined, Refusal<'idempotency-key-reused'>> {
    const past = this.#remembered.get(nameOf(owned));
    if (past === undefined || past.fingerprint === fingerprint) return granted(past);
    return refused({
      code: 'idempotency-key-reused',
      detail: 'This Idempotency-Key belongs to a request with another body. Use a new key for a new simulation.',
    });
  }

  remember(owned: OwnedKey, fingerprint: string, { id, ended }: Pick<StartedSimulation, 'id' | 'ended'>): void {
    const name = nameOf(owned);
    const remembered: Remembered = { fingerprint, id, report: undefined };
    void ended.then((report) => {
      remembered.report = { ...report, samples: [] };
      // Nobody has the answer of the first: the next request is to do it.
      const isToStartAnew = ANEW.has(report.ended_because ?? '');
      if (isToStartAnew && this.#remembered.get(name) === remembered) this.#remembered.delete(name);
    });
    this.#remembered.set(name, remembered);
    const oldest = this.#remembered.keys().next();
    if (this.#remembered.size > MAX_KEYS && !oldest.done) this.#remembered.delete(oldest.value);
  }
}

/** A key has no spaces, so that no two pairs have one name. */
const nameOf = ({ actor, key }: OwnedKey) => `${key} ${actor}`;

/**
 * Reads the header (draft-ietf-httpapi-idempotency-key-header). Refuses what is not one well-formed key: two requests
 * that a client thinks of as one must not become two because of a slip in the header.
 */
export function idempotencyKeyOf(
  values: readonly string[] | undefined,
): Outcome<string | undefined, Refusal<'invalid-parameter'>> {
  if (values === undefined) return granted(undefined);
  const [only = ''] = values;
  if (values.length === 1 && WELL_FORMED.test(only)) return granted(only.replace(/^"(.+)"$/, '$1'));
  return refused({
    code: 'invalid-parameter',
    detail: 'Idempotency-Key must stand once and be 1 to 255 printable ASCII characters without spaces.',
  });
}

/** The same for bodies that ask the same, whatever the order of their fields. */
export function fingerprintOf(kind: string, body: unknown): string {
  return createHash('sha256').update(kind).update('\n').update(canonical(body)).digest('base64');
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  const fields = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{${fields.map(([name, field]) => `${JSON.stringify(name)}:${canonical(field)}`).join(',')}}`;
}
