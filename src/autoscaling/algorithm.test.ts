import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type Pod, wishOf } from './algorithm.ts';
import type { Measure } from './spec.ts';

const MEASURE = { type: 'utilization', requestCores: 1, targetPercent: 50 } as const;
const TOLERANCE = { up: 0.1, down: 0.1 };
const pods = (...percents: readonly number[]): Pod[] =>
  percents.map((percent) => ({ usageCores: percent / 100, isReady: true }));
const unready = (percent: number): Pod => ({ usageCores: percent / 100, isReady: false });
const UNMEASURED: Pod = { usageCores: undefined, isReady: true };
const wanted = (current: readonly Pod[], measure: Measure = MEASURE, tolerance = TOLERANCE) =>
  wishOf(current.length, current, [measure], tolerance).replicas;

// Each from Kubernetes' documentation: "Horizontal Pod Autoscaling", Algorithm details.
describe('what the autoscaler wants', () => {
  it('doubles where the metric is twice the target, and halves where it is half of it', () => {
    const measure = { ...MEASURE, targetPercent: 100 };
    assert.equal(wanted(pods(200, 200), measure), 4);
    assert.equal(wanted(pods(50, 50, 50, 50), measure), 2);
  });

  it('does nothing while the ratio is within the tolerance, and rounds up what is beyond it', () => {
    const measure = { ...MEASURE, targetPercent: 100 };
    assert.equal(wanted(pods(110, 110), measure), 2);
    assert.equal(wanted(pods(90, 90), measure), 2);
    assert.equal(wanted(pods(111, 111), measure), 3);
    assert.equal(wanted(pods(89, 89, 89, 89, 89, 89, 89, 89, 89, 89), measure), 9);
  });

  it('goes from one replica to seven at 305 % of a target of 50, as in the walkthrough', () => {
    assert.equal(wanted(pods(305)), 7);
  });

  it('wants what there is for any load within the tolerance', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 100 }),
        fc.integer({ min: 10, max: 100 }),
        fc.integer({ min: 0, max: 50 }),
        fc.double({ min: -1, max: 1, noNaN: true }),
        (count, targetPercent, tolerancePercent, off) => {
          const tolerance = tolerancePercent / 100;
          // The controller sees whole per cent, rounded down: one less may be outside.
          const percent = Math.ceil(targetPercent * (1 + off * tolerance));
          if (percent > targetPercent * (1 + tolerance)) return;
          const current = pods(...Array.from({ length: count }, () => percent));
          assert.equal(wanted(current, { ...MEASURE, targetPercent }, { up: tolerance, down: tolerance }), count);
        },
      ),
    );
  });

  it('has a tolerance for each direction', () => {
    const tolerance = { up: 0, down: 0.5 };
    assert.equal(wanted(pods(51, 51), MEASURE, tolerance), 3);
    assert.equal(wanted(pods(26, 26), MEASURE, tolerance), 2);
    assert.equal(wanted(pods(24, 24), MEASURE, tolerance), 1);
  });

  it('counts pods that are not ready as using nothing where that would scale up, and leaves them out where it would scale down', () => {
    // 100 % on two of three: 67 % over all of them, 4 replicas where 6 would follow from the two.
    assert.equal(wanted([...pods(100, 100), unready(100)]), 4);
    assert.equal(wanted([...pods(20, 20), unready(300)]), 1);
  });

  it('counts pods without a metric as using nothing on the way up, and all of their request on the way down', () => {
    assert.equal(wanted([...pods(100, 100), UNMEASURED]), 4);
    // 10 % and 10 % and an assumed 100 %: 40 %, which asks for ceil(0.8 × 3).
    assert.equal(wanted([...pods(10, 10), UNMEASURED]), 3);
    assert.equal(wanted([...pods(10, 10, 10, 10), UNMEASURED]), 3);
  });

  it('does nothing where what is assumed turns the direction', () => {
    assert.equal(wanted([...pods(60), UNMEASURED, UNMEASURED]), 3);
    assert.equal(wanted([...pods(40), UNMEASURED]), 2);
    assert.equal(wanted([...pods(60), unready(0)]), 2);
  });

  it('does nothing where nothing is measured', () => {
    assert.deepEqual(wishOf(3, [UNMEASURED, UNMEASURED, UNMEASURED], [MEASURE], TOLERANCE), {
      replicas: 3,
      utilization: undefined,
      averageCores: undefined,
    });
  });

  it('has utilization in whole per cent, as the controller has', () => {
    assert.equal(wishOf(1, pods(55.9), [MEASURE], TOLERANCE).utilization, 55);
    assert.equal(wanted(pods(55.9)), 1);
    assert.equal(wanted(pods(56)), 2);
  });

  it('reads each pod in whole millicores, rounded up: 133.4m of 200m are 67 %, and one replica more', () => {
    const measure = { ...MEASURE, requestCores: 0.2, targetPercent: 60 };
    const pod = { usageCores: 0.1334, isReady: true };
    assert.deepEqual(wishOf(2, [pod, pod], [measure], TOLERANCE), {
      replicas: 3,
      utilization: 67,
      averageCores: undefined,
    });
  });

  it('compares an average with the target, whatever is requested', () => {
    const measure = { type: 'average', targetCores: 0.1 } as const;
    const pod = { usageCores: 0.2501, isReady: true };
    assert.deepEqual(wishOf(2, [pod, pod], [measure], TOLERANCE), {
      replicas: 6,
      utilization: undefined,
      averageCores: 0.251,
    });
  });

  it('takes the most that any of several measures wants', () => {
    const average = { type: 'average', targetCores: 0.1 } as const;
    assert.equal(wishOf(2, pods(60, 60), [MEASURE, average], TOLERANCE).replicas, 12);
  });

  it('never wants less for more load', () => {
    const percents = fc.array(fc.integer({ min: 0, max: 1000 }), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(
        percents,
        fc.integer({ min: 0, max: 500 }),
        fc.integer({ min: 1, max: 100 }),
        (given, more, target) => {
          const measure = { ...MEASURE, targetPercent: target };
          const heavier = given.map((percent) => percent + more);
          assert.ok(wanted(pods(...heavier), measure) >= wanted(pods(...given), measure));
        },
      ),
    );
  });
});
