import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type ForecastParts, forecast, settledReplicas } from './forecast.ts';
import { DEFAULT_SCALE_DOWN, DEFAULT_SCALE_UP } from './spec.ts';

const PARTS: ForecastParts = {
  spec: {
    minReplicas: 2,
    maxReplicas: 10,
    measures: [{ type: 'utilization', requestCores: 0.2, targetPercent: 60 }],
    hasBehavior: true,
    scaleUp: DEFAULT_SCALE_UP,
    scaleDown: DEFAULT_SCALE_DOWN,
  },
  mostCores: 0.9,
  idleCores: 0,
  startReplicas: 2,
  startupSeconds: 10,
  loadCores: () => 0.6,
  seconds: 1200,
};

const parts = fc
  .record({
    minReplicas: fc.integer({ min: 1, max: 5 }),
    more: fc.integer({ min: 0, max: 40 }),
    targetPercent: fc.integer({ min: 10, max: 150 }),
    requestCores: fc.integer({ min: 50, max: 2000 }).map((millicores) => millicores / 1000),
    limit: fc.constantFrom(1, 2, 5, Number.POSITIVE_INFINITY),
    loadCores: fc.integer({ min: 0, max: 20_000 }).map((millicores) => millicores / 1000),
    startupSeconds: fc.integer({ min: 1, max: 120 }),
  })
  .map(({ minReplicas, more, targetPercent, requestCores, limit, loadCores, startupSeconds }) => ({
    ...PARTS,
    spec: {
      ...PARTS.spec,
      minReplicas,
      maxReplicas: minReplicas + more,
      measures: [{ type: 'utilization', requestCores, targetPercent }] as const,
    },
    mostCores: requestCores * limit,
    startReplicas: minReplicas,
    startupSeconds,
    loadCores: () => loadCores,
    // Replicas at their limit that start slowly come one by one: up to forty times the start and the looks of the metrics.
    seconds: 40 * (startupSeconds + 45) + 600,
    even: loadCores,
  }));

describe('the forecast', () => {
  it('comes out as the arithmetic says: 600m at a target of 60 % of 200m are five replicas', () => {
    const moments = forecast(PARTS);
    assert.equal(moments.at(-1)?.replicas, 5);
    assert.equal(settledReplicas(PARTS, 0.6, 2), 5);
    assert.equal(moments.at(-1)?.utilization, 60);
  });

  it('sees a load only when the metrics do: two looks of 15 s after it began', () => {
    const first = forecast(PARTS).find(({ wanted }) => wanted > 2);
    assert.equal(first?.atSeconds, 30);
    assert.equal(first?.utilization, 150);
  });

  it('stays where its behavior is disabled, up or down, and says so of the end', () => {
    const spike = (at: number) => (at <= 300 ? 4 : 0);
    const off = (direction: 'scaleUp' | 'scaleDown') => ({
      ...PARTS,
      loadCores: spike,
      spec: {
        ...PARTS.spec,
        maxReplicas: 20,
        [direction]: { ...PARTS.spec[direction], selectPolicy: 'Disabled' as const },
      },
    });
    const down = off('scaleDown');
    assert.equal(forecast(down).at(-1)?.replicas, 20);
    assert.equal(settledReplicas(down, 0, 20), 20);
    const up = off('scaleUp');
    assert.equal(forecast(up).at(-1)?.replicas, 2);
    assert.equal(settledReplicas(up, 4, 2), 2);
  });

  it('uses no more than the limit leaves each replica, and the whole load once there are enough', () => {
    const moments = forecast({ ...PARTS, loadCores: () => 2.5 });
    assert.equal(moments[0]?.deliveredCores, 1.8);
    assert.equal(moments.at(-1)?.deliveredCores, 2.5);
    assert.equal(moments.at(-1)?.replicas, 10);
  });

  it('takes the replicas that it finds for a recommendation, and so waits before it takes them away', () => {
    const moments = forecast({ ...PARTS, startReplicas: 5 });
    assert.deepEqual(new Set(moments.map(({ replicas }) => replicas)), new Set([5]));
  });

  it('comes back when the load is gone, five minutes later', () => {
    const moments = forecast({ ...PARTS, loadCores: (at) => (at <= 300 ? 0.6 : 0) });
    const down = moments.find(({ atSeconds, replicas }) => atSeconds > 300 && replicas < 5);
    assert.ok((down?.atSeconds ?? 0) >= 600 && (down?.atSeconds ?? 0) <= 645, `${down?.atSeconds} s`);
    assert.equal(moments.at(-1)?.replicas, 2);
  });

  it('stays within its bounds, does not flap under an even load, and settles where the arithmetic says', () => {
    fc.assert(
      fc.property(parts, (given) => {
        const moments = forecast(given);
        let turns = 0;
        let direction = 0;
        for (const [index, { replicas }] of moments.entries()) {
          assert.ok(replicas >= given.spec.minReplicas && replicas <= given.spec.maxReplicas);
          const change = Math.sign(replicas - (moments[index - 1]?.replicas ?? given.startReplicas));
          if (change !== 0 && direction !== 0 && change !== direction) turns += 1;
          if (change !== 0) direction = change;
        }
        // Up, and once down again where limits made it look as if more were needed.
        assert.ok(turns <= 1, `${turns} turns: ${moments.map(({ replicas }) => replicas)}`);
        const last = moments.at(-1)?.replicas ?? 0;
        assert.equal(last, settledReplicas(given, given.even, last), 'it has settled');
      }),
      { numRuns: 300 },
    );
  });

  it('settles at no less for more load', () => {
    fc.assert(
      fc.property(parts, fc.integer({ min: 1, max: 5000 }), (given, more) => {
        const from = given.spec.minReplicas;
        assert.ok(settledReplicas(given, given.even + more / 1000, from) >= settledReplicas(given, given.even, from));
      }),
    );
  });
});
