import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { createManualClock } from '#test/support/manual-clock.ts';
import { type Piece, piecesFor, type Sent, startLoad } from './spread-load.ts';

const CONSTANT = { type: 'constant' } as const;

/** Runs a load whose pieces take as long as they say and deliver what they are asked for. */
async function run(cores: number, seconds: number, shape: Parameters<typeof startLoad>[0]['shape'] = CONSTANT) {
  const clock = createManualClock();
  const pieces: Piece[] = [];
  const send = (piece: Piece): Promise<Sent> => {
    pieces.push(piece);
    return new Promise((resolve) => {
      const coreSeconds = piece.cores * piece.seconds;
      clock.after(piece.seconds * 1000, () => resolve({ type: 'done', replica: 'a', coreSeconds }));
    });
  };
  const plan = { cores, shape, seconds, pieces: piecesFor(cores), pieceSeconds: 10 };
  const { ended } = startLoad(plan, send, clock, new AbortController().signal);
  await clock.advance(seconds * 1000 + 1);
  return { state: await ended, pieces, clock };
}

describe('a load that is cut into pieces', () => {
  it('adds up to what was asked, in whole thousandths of a core, however little that is', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 12, max: 5000 }),
        fc.integer({ min: 5, max: 90 }),
        async (thousandths, seconds) => {
          const { state, pieces } = await run(thousandths / 1000, seconds);
          assert.ok(
            Math.abs(state.deliveredCoreSeconds / state.requestedCoreSeconds - 1) < 0.01,
            `${state.deliveredCoreSeconds}`,
          );
          for (const { cores } of pieces) assert.equal(cores, Math.round(cores * 1000) / 1000);
        },
      ),
      { numRuns: 40 },
    );
  });

  it('follows its shape', async () => {
    const { state } = await run(2, 60, { type: 'ramp', from: 0, to: 1 });
    assert.equal(state.requestedCoreSeconds, 60);
    assert.ok(Math.abs(state.deliveredCoreSeconds - 60) < 0.6, `${state.deliveredCoreSeconds}`);
  });

  it('tries again what is refused, and stops at once at what is wrong', async () => {
    const clock = createManualClock();
    const plan = { cores: 1, shape: CONSTANT, seconds: 5, pieces: 4, pieceSeconds: 10 };
    const refusing = startLoad(
      plan,
      async () => ({ type: 'refused', reason: 'full', retryAfterSeconds: 9 }),
      clock,
      new AbortController().signal,
    );
    await clock.advance(5001);
    const state = await refusing.ended;
    assert.ok(state.refused >= 36, `${state.refused} attempts`);
    const wrong = startLoad(
      plan,
      async () => ({ type: 'wrong', reason: 'no SkyOps' }),
      clock,
      new AbortController().signal,
    );
    assert.equal((await wrong.ended).wrong, 'no SkyOps');
    assert.equal(clock.armed(), 0);
  });
});
