/** Passes events on: made before those who tell and those who listen, so that neither has to wait for the other. */

export type Emitter<Event> = {
  /** Tells all who listen by now, in the order in which they came. */
  readonly emit: (event: Event) => void;
  readonly on: (listener: (event: Event) => void) => void;
};

export function createEmitter<Event>(): Emitter<Event> {
  const listeners: ((event: Event) => void)[] = [];
  return {
    emit: (event) => {
      for (const listener of listeners) listener(event);
    },
    on: (listener) => void listeners.push(listener),
  };
}
