import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type History, stepTowards } from './behavior.ts';
import { type AutoscalerSpec, DEFAULT_SCALE_DOWN, DEFAULT_SCALE_UP, type ScalingRules } from './spec.ts';

const NO_HISTORY: History = { recommendations: [], changes: [] };

const SPEC: AutoscalerSpec = {
  minReplicas: 1,
  maxReplicas: 1000,
  measures: [{ type: 'utilization', requestCores: 1, targetPercent: 50 }],
  hasBehavior: true,
  scaleUp: DEFAULT_SCALE_UP,
  scaleDown: DEFAULT_SCALE_DOWN,
};

/** The replicas after each period, while the same number is wanted all the time. */
function follow(wanted: (atSeconds: number) => number, from: number, spec: AutoscalerSpec, periods: number): number[] {
  let [current, history] = [from, NO_HISTORY];
  return Array.from({ length: periods }, (_, index) => {
    const atSeconds = index * 15;
    const step = stepTowards(wanted(atSeconds), { current, atSeconds, spec }, history);
    ({ replicas: current, history } = step);
    return current;
  });
}

const down = (rules: Partial<ScalingRules>): AutoscalerSpec => ({
  ...SPEC,
  scaleDown: { ...DEFAULT_SCALE_DOWN, stabilizationWindowSeconds: 0, ...rules },
});
const up = (rules: Partial<ScalingRules>): AutoscalerSpec => ({ ...SPEC, scaleUp: { ...DEFAULT_SCALE_UP, ...rules } });

// From Kubernetes' documentation: "Horizontal Pod Autoscaling", Configurable scaling behavior.
describe('the behavior of the autoscaler', () => {
  it('by default doubles or adds four every 15 seconds, whichever is more', () => {
    assert.deepEqual(
      follow(() => 100, 1, SPEC, 6),
      [5, 10, 20, 40, 80, 100],
    );
  });

  it('takes the policy that changes most: 80 replicas with 10 % or 4 a minute lose 8, 8, 7 … and 4 below 40', () => {
    const spec = down({
      policies: [
        { type: 'Pods', value: 4, periodSeconds: 60 },
        { type: 'Percent', value: 10, periodSeconds: 60 },
      ],
    });
    const minutes = follow(() => 10, 80, spec, 64).filter((_, index) => index % 4 === 0);
    assert.deepEqual(minutes, [72, 64, 57, 51, 45, 40, 36, 32, 28, 24, 20, 16, 12, 10, 10, 10]);
  });

  it('takes the policy that changes least where selectPolicy is Min, and none where it is Disabled', () => {
    const policies = [
      { type: 'Percent', value: 10, periodSeconds: 15 },
      { type: 'Pods', value: 5, periodSeconds: 15 },
    ] as const;
    assert.deepEqual(
      follow(() => 1, 80, down({ policies, selectPolicy: 'Min' }), 3),
      [75, 70, 65],
    );
    assert.deepEqual(
      follow(() => 1, 80, down({ policies, selectPolicy: 'Disabled' }), 3),
      [80, 80, 80],
    );
    assert.deepEqual(
      follow(() => 90, 10, up({ selectPolicy: 'Disabled' }), 3),
      [10, 10, 10],
    );
    assert.deepEqual(
      follow(() => 90, 10, up({ selectPolicy: 'Min' }), 3),
      [14, 18, 22],
    );
  });

  it('counts what has been done within a period against it', () => {
    const policies = [{ type: 'Pods', value: 5, periodSeconds: 60 }] as const;
    assert.deepEqual(
      follow(() => 1, 80, down({ policies }), 6),
      [75, 75, 75, 75, 70, 70],
    );
  });

  it('goes down only as far as was wanted at most within five minutes', () => {
    const wanted = (atSeconds: number) => (atSeconds < 60 ? 8 : 2);
    const replicas = follow(wanted, 8, SPEC, 30);
    // The last 8 was wanted at 45 s, and 300 s later it is forgotten.
    assert.equal(replicas.indexOf(2) * 15, 345);
    assert.deepEqual(new Set(replicas), new Set([8, 2]));
  });

  it('goes up only as far as was wanted at least within a window', () => {
    const wanted = (atSeconds: number) => (atSeconds === 30 ? 4 : 10);
    assert.deepEqual(follow(wanted, 2, up({ stabilizationWindowSeconds: 60 }), 8), [6, 10, 10, 10, 10, 10, 10, 10]);
    assert.deepEqual(
      follow((at) => (at === 0 ? 2 : 10), 2, up({ stabilizationWindowSeconds: 60 }), 6),
      [2, 2, 2, 2, 6, 10],
    );
  });

  it('without a behavior doubles, or goes to four, and comes down to the most that was wanted within five minutes', () => {
    const spec = { ...SPEC, hasBehavior: false };
    assert.deepEqual(
      follow(() => 100, 1, spec, 7),
      [4, 8, 16, 32, 64, 100, 100],
    );
    const replicas = follow((at) => (at < 60 ? 8 : 2), 8, spec, 30);
    assert.equal(replicas.indexOf(2) * 15, 345);
    assert.deepEqual(new Set(replicas), new Set([8, 2]));
  });

  it('goes into its bounds at once', () => {
    const spec = { ...SPEC, minReplicas: 3, maxReplicas: 5 };
    assert.deepEqual(
      follow(() => 100, 1, spec, 2),
      [3, 5],
    );
    assert.deepEqual(
      follow(() => 1, 9, spec, 1),
      [5],
    );
  });

  it('says what held it back', () => {
    assert.equal(stepTowards(9, { current: 1, atSeconds: 0, spec: SPEC }, NO_HISTORY).limitedBy, 'policy');
    assert.equal(stepTowards(2000, { current: 900, atSeconds: 0, spec: SPEC }, NO_HISTORY).limitedBy, 'bounds');
    const { history } = stepTowards(8, { current: 8, atSeconds: 0, spec: SPEC }, NO_HISTORY);
    assert.equal(stepTowards(2, { current: 8, atSeconds: 15, spec: SPEC }, history).limitedBy, 'window');
    assert.equal(stepTowards(8, { current: 8, atSeconds: 15, spec: SPEC }, history).limitedBy, null);
  });

  it('stays within the bounds and the policies whatever is wanted', () => {
    const rules = fc.record({
      stabilizationWindowSeconds: fc.integer({ min: 0, max: 600 }),
      selectPolicy: fc.constantFrom('Max' as const, 'Min' as const, 'Disabled' as const),
      policies: fc.array(
        fc.record({
          type: fc.constantFrom('Pods' as const, 'Percent' as const),
          value: fc.integer({ min: 1, max: 200 }),
          periodSeconds: fc.integer({ min: 15, max: 300 }),
        }),
        { minLength: 1, maxLength: 3 },
      ),
      tolerance: fc.constant(0.1),
    });
    const wishes = fc.array(fc.integer({ min: 0, max: 300 }), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(rules, rules, wishes, fc.integer({ min: 1, max: 50 }), (scaleUp, scaleDown, wanted, minReplicas) => {
        const spec = { ...SPEC, scaleUp, scaleDown, minReplicas, maxReplicas: minReplicas + 60 };
        const replicas = follow((at) => wanted[at / 15] ?? 0, minReplicas, spec, wanted.length);
        for (const [index, now] of replicas.entries()) {
          assert.ok(now >= spec.minReplicas && now <= spec.maxReplicas, `${now} replicas`);
          const before = replicas[index - 1] ?? minReplicas;
          if (now > before) assert.notEqual(scaleUp.selectPolicy, 'Disabled');
          if (now < before) assert.notEqual(scaleDown.selectPolicy, 'Disabled');
        }
      }),
    );
  });
});
