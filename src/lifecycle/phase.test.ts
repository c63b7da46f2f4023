import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createPhase, type PhaseName } from './phase.ts';

describe('the phase', () => {
  it('goes from starting over ready and draining to stopped, and tells of each move', () => {
    const moves: string[] = [];
    const phase = createPhase((from, to) => moves.push(`${from}>${to}`));
    for (const to of ['ready', 'draining', 'stopped'] as const) phase.move(to);
    assert.equal(phase.current(), 'stopped');
    assert.deepEqual(moves, ['starting>ready', 'ready>draining', 'draining>stopped']);
  });

  it('never goes back', () => {
    const phase = createPhase();
    phase.move('ready');
    phase.move('draining');
    for (const to of ['starting', 'ready', 'draining'] satisfies PhaseName[]) {
      assert.throws(() => phase.move(to), /cannot move from draining/);
    }
  });
});
