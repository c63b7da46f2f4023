/**
 * What SkyOps makes of YAML, quantities, manifests and metrics, against tables that were recorded from Kubernetes' own code, version 1.37.2
 * (tools/kubernetes-oracle). The manifests have the shapes of public ones, with other names.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { wishOf } from '#autoscaling/algorithm.ts';
import { stepTowards } from '#autoscaling/behavior.ts';
import { type FoundAutoscaler, readManifests } from '#autoscaling/manifest.ts';
import {
  type AutoscalerSpec,
  DEFAULT_SCALE_DOWN,
  DEFAULT_SCALE_UP,
  type Measure,
  type ScalingRules,
} from '#autoscaling/spec.ts';
import { decoded } from '#command/hpa/manifest-files.ts';
import { parseQuantity } from '#kubernetes/quantity.ts';
import { readDocuments } from '#kubernetes/yaml.ts';
import type { Value } from '#kubernetes/yaml-values.ts';

const table = (name: string) => JSON.parse(readFileSync(new URL(`${name}.json`, import.meta.url), 'utf8'));

describe('YAML, as kubectl reads it', () => {
  /** Whole numbers as exact as they stand, keys in order: a text that is the same for what means the same. */
  const canonical = (value: unknown): string =>
    JSON.stringify(value, (_key, each: unknown) => {
      if (typeof each === 'bigint') return `${each} exactly`;
      if (Object.is(each, -0)) return 'minus zero';
      if (typeof each !== 'object' || each === null || Array.isArray(each)) return each;
      return Object.fromEntries(Object.entries(each).toSorted(([a], [b]) => (a < b ? -1 : 1)));
    });
  const exactly = (text: string) =>
    JSON.parse(text, (_key, value: unknown, context?: { source?: string }) => {
      const source = context?.source ?? '';
      if (typeof value !== 'number' || Number.isSafeInteger(value) || !/^-?\d{16,20}$/.test(source)) return value;
      const exact = BigInt(source);
      return exact < 2n ** 64n && exact >= -(2n ** 63n) ? exact : value;
    });
  const rows: { yaml: string; documents: string[] | null; streamError: string | null }[] = table('scalars');

  it(`has the same documents, or an error where there is one, in ${rows.length} of ${rows.length} files`, () => {
    assert.ok(rows.length >= 410);
    for (const { yaml, documents, streamError } of rows) {
      const read = readDocuments(yaml);
      assert.equal(canonical(read.documents), canonical((documents ?? []).map(exactly)), JSON.stringify(yaml));
      assert.equal(
        read.error === undefined,
        streamError === null,
        `${JSON.stringify(yaml)}: ${read.error} · ${streamError}`,
      );
    }
  });
});

describe('quantities, as the API server reads and rounds them', () => {
  const rows: { yaml: string; json: string; milli: string | null; error: string | null }[] = table('quantities');
  /** From here on Kubernetes' own arithmetic of 64 bits overflows, and gives 0 or a negative amount for a large one. */
  const OVERFLOWS = 9.2e15;

  it(`are the same in ${rows.length} of ${rows.length} spellings`, () => {
    assert.ok(rows.length >= 480);
    let overflows = 0;
    for (const { yaml, milli, error } of rows) {
      const { documents, error: wrong } = readDocuments(`cpu: ${yaml}\n`);
      const value = (documents[0] as { readonly cpu?: Value } | undefined)?.cpu;
      // A key with nothing behind it is an amount of zero.
      const got = wrong !== undefined ? undefined : value == null ? 0n : parseQuantity(value);
      const wanted = error === null ? BigInt(milli ?? 0) : undefined;
      if (got === undefined && wanted !== undefined) {
        overflows += 1;
        const digits = String(value).trim();
        const magnitude =
          Math.abs(Number.parseFloat(digits)) *
          ({ E: 1e18, Ei: 2 ** 60, m: 1e-3 }[/[A-Za-z]+$/.exec(digits)?.[0] ?? ''] ?? 1);
        assert.ok(magnitude >= OVERFLOWS * 0.99 || /[eE]-?\d{4,}/.test(digits), `${yaml} is refused, and is ${wanted}`);
      } else {
        assert.equal(got, wanted, yaml);
      }
    }
    assert.ok(overflows < 80);
  });
});

describe('manifests, as the API server and the controller take them', () => {
  type Metric = {
    readonly type: string;
    readonly resource?: string;
    readonly container?: string;
    readonly utilization?: number;
    readonly averageValueMilli?: number;
  };
  type Rules = Omit<ScalingRules, 'tolerance' | 'stabilizationWindowSeconds'> & {
    readonly stabilizationWindowSeconds: number | null;
  };
  type Expected = {
    readonly name: string;
    readonly namespace: string;
    readonly error: string | null;
    readonly strictError: string | null;
    readonly minReplicas: number;
    readonly maxReplicas: number;
    readonly metrics: readonly Metric[] | null;
    readonly behavior: { readonly scaleUp: Rules; readonly scaleDown: Rules } | null;
    readonly tolerances: { readonly scaleUp: number; readonly scaleDown: number };
    readonly workload: {
      readonly found: boolean | 'ambiguous';
      readonly error: string | null;
      readonly strictError?: string;
      readonly replicas: number | null;
    } | null;
    readonly requestMilli: number | null;
    readonly requestError: string | null;
    readonly requestMilliByContainer: Readonly<Record<string, number>>;
    readonly requestErrorByContainer?: Readonly<Record<string, string>>;
    readonly otherPods?: readonly {
      readonly requestError: string | null;
      readonly requestErrorByContainer?: Readonly<Record<string, string>>;
    }[];
    readonly ambiguousWith?: readonly string[];
    readonly alsoIn?: readonly string[];
  };
  type Case = {
    readonly name: string;
    readonly files: Readonly<Record<string, string>>;
    readonly expected: { readonly errors: readonly string[]; readonly autoscalers: readonly Expected[] };
  };
  const cases: readonly Case[] = table('manifests');
  const cpuOf = ({ metrics }: Expected) => (metrics ?? []).filter(({ resource }) => resource === 'cpu');

  /** The controller has nothing to divide by, for one of all the pods that it finds. */
  function cannotDivide(wanted: Expected): boolean {
    const { otherPods = [], requestMilli, requestError, requestErrorByContainer } = wanted;
    const all = [
      { requestError: requestMilli === null ? 'none' : requestError, requestErrorByContainer },
      ...otherPods,
    ];
    return cpuOf(wanted).some(({ type, utilization, container = '' }) =>
      utilization === undefined
        ? false
        : all.some((each) =>
            type === 'Resource' ? each.requestError !== null : each.requestErrorByContainer?.[container] !== undefined,
          ),
    );
  }

  /** Kubernetes does not take it, or its controller would never scale, or nobody can know what it would do. */
  function isRefused(wanted: Expected): boolean {
    const { error, workload, ambiguousWith, alsoIn } = wanted;
    return (
      error !== null ||
      workload?.found !== true ||
      workload.error !== null ||
      cpuOf(wanted).length === 0 ||
      cannotDivide(wanted) ||
      ambiguousWith !== undefined ||
      alsoIn !== undefined
    );
  }

  function assertAsKubernetes(got: FoundAutoscaler, wanted: Expected): void {
    assert.deepEqual([got.name, got.namespace], [wanted.name, wanted.namespace]);
    if (isRefused(wanted)) {
      assert.ok(!got.parts.ok, `it is refused: ${wanted.error ?? wanted.workload?.error ?? wanted.requestError}`);
      for (const sentence of got.parts.refusal) assert.match(sentence, /^.+: .+\.$/, 'a sentence that names the file');
      return;
    }
    assert.ok(got.parts.ok, JSON.stringify(got.parts));
    const { spec, notes, replicas } = got.parts.value;
    assert.equal(replicas ?? 1, wanted.workload?.replicas ?? 1);
    assert.deepEqual([spec.minReplicas, spec.maxReplicas], [wanted.minReplicas, wanted.maxReplicas]);
    assert.deepEqual(
      [spec.scaleUp.tolerance, spec.scaleDown.tolerance],
      [wanted.tolerances.scaleUp, wanted.tolerances.scaleDown],
    );
    const measures = cpuOf(wanted).map(({ type, container = '', utilization, averageValueMilli }): Measure => {
      if (averageValueMilli !== undefined) return { type: 'average', targetCores: averageValueMilli / 1000 };
      const milli = type === 'ContainerResource' ? wanted.requestMilliByContainer[container] : wanted.requestMilli;
      return {
        type: 'utilization',
        requestCores: (milli ?? Number.NaN) / 1000,
        targetPercent: utilization ?? Number.NaN,
      };
    });
    assert.deepEqual(spec.measures, measures);
    assert.equal(spec.hasBehavior, wanted.behavior !== null);
    for (const direction of ['scaleUp', 'scaleDown'] as const) {
      const rules = wanted.behavior?.[direction];
      if (rules === undefined) continue;
      const { stabilizationWindowSeconds, selectPolicy, policies } = spec[direction];
      // The API leaves the window of scaleDown open; a flag of the controller fills it.
      const window = rules.stabilizationWindowSeconds ?? 300;
      assert.deepEqual(
        [stabilizationWindowSeconds, selectPolicy, policies],
        [window, rules.selectPolicy, rules.policies],
      );
    }
    const isStrict = wanted.strictError === null && wanted.workload?.strictError === undefined;
    assert.equal(/does not know/.test(notes.join('\n')), !isStrict, notes.join('\n'));
    assert.equal(/counts them too/.test(notes.join('\n')), wanted.otherPods !== undefined, notes.join('\n'));
  }

  for (const { name, files, expected } of cases) {
    it(`are the same: ${name}`, () => {
      const given = Object.entries(files).filter(([path]) => /\.(ya?ml|json)$/.test(path));
      const { autoscalers, errors } = readManifests(
        given.map(([path, content]) => ({ path, text: decoded(Buffer.from(content, 'latin1')) })),
      );
      assert.equal(errors.length > 0, expected.errors.length > 0, `${errors} · ${expected.errors}`);
      assert.equal(autoscalers.length, expected.autoscalers.length);
      for (const [index, wanted] of expected.autoscalers.entries()) {
        const got = autoscalers[index];
        assert.ok(got !== undefined);
        assertAsKubernetes(got, wanted);
      }
    });
  }
});

describe('what the autoscaler wants, as replica_calculator.go reckons it', () => {
  type Row = {
    readonly given: {
      readonly replicas: number;
      readonly pods: readonly {
        readonly usageMilli: number | null;
        readonly requestMilli: number | null;
        readonly state: string;
      }[];
      readonly utilization?: number;
      readonly averageValueMilli?: number;
      readonly tolerances: { readonly scaleUp: number; readonly scaleDown: number };
    };
    readonly replicas: number | null;
    readonly utilization: number | null;
    readonly averageMilli: number | null;
    readonly error: string | null;
  };
  const rows: readonly Row[] = table('replicas');
  /** A forecast knows replicas of one form alone, and no more than there can be. */
  const isOfOneForm = ({ given, error, replicas }: Row) =>
    error === null &&
    (replicas ?? 0) < 1e6 &&
    new Set(given.pods.map(({ requestMilli }) => requestMilli)).size === 1 &&
    (given.averageValueMilli !== undefined || (given.pods[0]?.requestMilli ?? 0) > 0);
  const usable = rows.filter(isOfOneForm);

  it(`is the same in ${usable.length} of ${usable.length} decisions`, () => {
    assert.ok(usable.length >= 250, `${usable.length}`);
    for (const row of usable) {
      const { given } = row;
      const pods = given.pods
        .filter(({ state }) => state !== 'failed' && state !== 'deleted')
        .map(({ usageMilli, state }) => {
          // One that is still pending is set apart, whatever is measured of it.
          if (state === 'pending') return { usageCores: 0, isReady: false };
          return { usageCores: usageMilli === null ? undefined : usageMilli / 1000, isReady: state === 'ready' };
        });
      const measure: Measure =
        given.averageValueMilli === undefined
          ? {
              type: 'utilization',
              requestCores: (given.pods[0]?.requestMilli ?? 0) / 1000,
              targetPercent: given.utilization ?? 0,
            }
          : { type: 'average', targetCores: given.averageValueMilli / 1000 };
      const wish = wishOf(given.replicas, pods, [measure], {
        up: given.tolerances.scaleUp,
        down: given.tolerances.scaleDown,
      });
      assert.equal(wish.replicas, row.replicas, JSON.stringify(row));
      if (row.utilization !== null) assert.equal(wish.utilization, row.utilization, JSON.stringify(row));
    }
  });
});

describe('how far the autoscaler goes, as horizontal.go lets it', () => {
  type Rules = { readonly selectPolicy?: ScalingRules['selectPolicy']; readonly policies?: ScalingRules['policies'] };
  type Row = {
    readonly given: {
      readonly replicas: number;
      readonly changes: readonly { readonly secondsAgo: number; readonly replicas: number }[];
      readonly scaleUp: Rules;
      readonly scaleDown: Rules;
    };
    readonly most: number;
    readonly least: number;
  };
  const rows: readonly Row[] = table('rates');

  it(`is the same in ${rows.length} of ${rows.length} moments`, () => {
    assert.ok(rows.length >= 300);
    const atSeconds = 100_000;
    for (const { given, most, least } of rows) {
      const spec: AutoscalerSpec = {
        minReplicas: 1,
        maxReplicas: 2 ** 31,
        measures: [{ type: 'average', targetCores: 1 }],
        hasBehavior: true,
        scaleUp: { ...DEFAULT_SCALE_UP, ...given.scaleUp, stabilizationWindowSeconds: 0 },
        scaleDown: { ...DEFAULT_SCALE_DOWN, ...given.scaleDown, stabilizationWindowSeconds: 0 },
      };
      const changes = given.changes.map(({ secondsAgo, replicas }) => ({
        atSeconds: atSeconds - secondsAgo,
        replicas,
      }));
      const from = (wanted: number) =>
        stepTowards(wanted, { current: given.replicas, atSeconds, spec }, { recommendations: [], changes }).replicas;
      assert.equal(from(2 ** 31), Math.max(most, given.replicas), JSON.stringify(given));
      assert.equal(from(1), Math.max(1, Math.min(least, given.replicas)), JSON.stringify(given));
    }
  });
});
