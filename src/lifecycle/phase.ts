/** The phase of the process and its legal moves; probes, hooks and the engine ask it, only the service moves it. */

export type PhaseName = 'starting' | 'ready' | 'draining' | 'stopped';

export type Phase = {
  readonly current: () => PhaseName;
  /** @throws Error on a move that life does not allow: that is a defect, not a condition. */
  readonly move: (to: PhaseName) => void;
};

// A process that is told to stop while it starts gets ready first, and then drains: one way down is enough.
const LEGAL_MOVES: Readonly<Record<PhaseName, readonly PhaseName[]>> = {
  starting: ['ready'],
  ready: ['draining'],
  draining: ['stopped'],
  stopped: [],
};

export function createPhase(onMove: (from: PhaseName, to: PhaseName) => void = () => {}): Phase {
  let current: PhaseName = 'starting';
  return {
    current: () => current,
    move: (to) => {
      if (!LEGAL_MOVES[current].includes(to)) {
        throw new Error(`phase cannot move from ${current} to ${to}`);
      }
      const from = current;
      current = to;
      onMove(from, to);
    },
  };
}
