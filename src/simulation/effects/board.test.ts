/** The board of effects: what is put is seen until it is cancelled. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { EffectBoard, type EffectKey } from './board.ts';

const SLOW: EffectKey<{ readonly delayMs: number }> = { name: 'slow' };
const DEAF: EffectKey<{ readonly ratio: number }> = { name: 'deaf' };

describe('the board of effects', () => {
  it('shows the effects of one sort alone, the oldest first, until each is cancelled', () => {
    const board = new EffectBoard();
    const cancelFirst = board.put(SLOW, { delayMs: 1 }, () => {});
    const cancelSecond = board.put(SLOW, { delayMs: 2 }, () => {});
    board.put(DEAF, { ratio: 0.5 }, () => {});
    const delays = () => board.active(SLOW).map(({ effect }) => effect.delayMs);
    assert.deepEqual(delays(), [1, 2]);
    cancelFirst();
    cancelFirst();
    assert.deepEqual(delays(), [2]);
    cancelSecond();
    assert.deepEqual(delays(), []);
    assert.equal(board.active(DEAF).length, 1);
  });

  it('is empty again once everything is cancelled, and after it too', () => {
    const board = new EffectBoard();
    assert.equal(board.isEmpty, true);
    const cancel = board.put(SLOW, { delayMs: 1 }, () => {});
    assert.equal(board.isEmpty, false);
    cancel();
    board.put(SLOW, { delayMs: 2 }, () => {});
    // An old cancel takes nothing of somebody else's away.
    cancel();
    assert.equal(board.isEmpty, false);
  });

  it('tells the simulation of each time that its own effect was applied', () => {
    const board = new EffectBoard();
    let [ours, others] = [0, 0];
    board.put(SLOW, { delayMs: 1 }, () => {
      ours += 1;
    });
    board.put(SLOW, { delayMs: 2 }, () => {
      others += 1;
    });
    const [first] = board.active(SLOW);
    first?.applied();
    first?.applied();
    assert.deepEqual([ours, others], [2, 0]);
  });
});
