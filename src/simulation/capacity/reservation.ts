/** What running simulations keep from others, and how long a request for it must wait. */
import { refused } from '#foundation/outcome.ts';

/** What one simulation reserves until it ends. */
export type Reservation = {
  /** The most that it may use. */
  readonly cores: number;
  /** Threads that use it. */
  readonly threads: number;
  /** The most that it may take of memory, and how much of that is resident now. */
  readonly memoryBytes: number;
  readonly residentBytes: number;
  readonly remainingSeconds: number;
};

/** A limit that may be there and is not known: what is granted beside it could stop or kill the container. */
export type MaybeUnreadable = {
  /** The file that should say the limit and cannot be read. Nothing is granted while that is so. */
  readonly unreadable?: string | undefined;
};

export function limitUnreadable(file: string) {
  return refused({
    code: 'limit-unreadable',
    detail: `The limit of this container is not known: ${file} cannot be read. Make it readable, and send the request again.`,
  } as const);
}

/** Whole seconds until enough of what runs has ended by itself. */
export function secondsUntil<Held extends Pick<Reservation, 'remainingSeconds'>>(
  fits: (reservations: readonly Held[]) => boolean,
  running: readonly Held[],
): number {
  const byEnd = running.toSorted((a, b) => a.remainingSeconds - b.remainingSeconds);
  const first = byEnd.findIndex((_, index) => fits(byEnd.slice(index + 1)));
  const seconds = byEnd[first === -1 ? byEnd.length - 1 : first]?.remainingSeconds ?? 0;
  return Math.max(1, Math.ceil(seconds));
}
