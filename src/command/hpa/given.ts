/** From the options of skyops hpa, and the manifest that they may stand beside, to what a forecast is made of. */
import type { ForecastParts } from '#autoscaling/forecast.ts';
import { type ManifestParts, readBehavior } from '#autoscaling/manifest.ts';
import { DEFAULT_SCALE_DOWN, DEFAULT_SCALE_UP, type Measure } from '#autoscaling/spec.ts';
import { granted, type Outcome, refused } from '#foundation/outcome.ts';
import { shownCores } from '#foundation/quantity.ts';
import { reserveCores } from '#simulation/capacity/cpu.ts';
import { CONSTANT, partAt } from '#simulation/shape.ts';
import { type ShapeArgument, shapeOf, shapeRefusals } from '../shape-argument.ts';

export type Given = {
  readonly load: number;
  readonly shape?: ShapeArgument;
  readonly for: number;
  readonly file?: readonly string[];
  readonly recursive?: boolean;
  readonly name?: string;
  readonly request?: number;
  readonly limit?: number;
  readonly target?: number;
  readonly min?: number;
  readonly max?: number;
  readonly tolerance?: number;
  readonly behavior?: string;
  readonly replicas?: number;
  readonly startup: number;
  readonly idle: number;
  readonly json?: boolean;
  readonly picture?: string;
};

/** The longest that is worth a table; a day has 5,760 decisions. */
const LONGEST_SECONDS = 86_400;
const MOST_REPLICAS = 10_000;

export type Parts = ForecastParts &
  Pick<ManifestParts, 'notes'> & {
    /** The whole load where its shape is at its most. */
    readonly mostLoadCores: number;
  };

/** What is given by options wins over what is in the file. */
export function forecastParts(given: Given, file?: ManifestParts): Outcome<Parts, readonly string[]> {
  const errors: string[] = [];
  const measures = measuresOf(given, file, errors);
  const limitCores = given.limit ?? file?.limitCores ?? null;
  const maxReplicas = given.max ?? file?.spec.maxReplicas;
  if (maxReplicas === undefined) errors.push('--max is missing: give it, or --file with a manifest.');
  const minReplicas = given.min ?? file?.spec.minReplicas ?? 1;
  const startReplicas = given.replicas ?? Math.max(1, minReplicas);
  errors.push(...boundErrors(given, file, minReplicas, maxReplicas ?? minReplicas, startReplicas));
  errors.push(...switchedOffErrors(given, file, minReplicas), ...limitErrors(given, measures, limitCores));
  errors.push(...rangeErrors(given));
  const behavior = given.behavior === undefined ? undefined : readBehavior(given.behavior);
  if (behavior?.ok === false) errors.push(...behavior.refusal);
  const { hasBehavior, scaleUp, scaleDown } = (behavior?.ok ? behavior.value : file?.spec) ?? NO_BEHAVIOR;
  const read = shapeOf(given.shape ?? CONSTANT, given.load);
  const shape = read.ok ? read.value : CONSTANT;
  if (!read.ok) errors.push(`--shape: ${read.refusal}`);
  errors.push(...shapeRefusals(shape, given.for));
  const [first, ...rest] = measures;
  if (errors.length > 0 || first === undefined || maxReplicas === undefined) return refused(errors);
  const tolerance = given.tolerance === undefined ? {} : { tolerance: given.tolerance };
  return granted({
    spec: {
      minReplicas,
      maxReplicas,
      measures: [first, ...rest],
      hasBehavior,
      scaleUp: { ...scaleUp, ...tolerance },
      scaleDown: { ...scaleDown, ...tolerance },
    },
    notes: [...beginsWith(startReplicas, given, file), ...(file?.notes ?? [])],
    mostLoadCores: given.load,
    mostCores: mostCoresOf(limitCores, file?.isSkyOps ?? true),
    idleCores: given.idle,
    startReplicas,
    startupSeconds: given.startup,
    loadCores: (atSeconds) => given.load * partAt(shape, atSeconds, given.for),
    seconds: given.for,
  });
}

function switchedOffErrors(given: Given, file: ManifestParts | undefined, minReplicas: number): readonly string[] {
  if (file?.replicas !== 0 || given.replicas !== undefined || minReplicas === 0) return [];
  return [
    'the workload has replicas: 0, which switches its autoscaler off. Take the field away, or give --replicas for what runs.',
  ];
}

/** Kubernetes refuses a request above the limit; what the files say has been looked at there. */
function limitErrors(given: Given, measures: readonly Measure[], limitCores: number | null): readonly string[] {
  const requested = measures.find((measure) => measure.type === 'utilization')?.requestCores;
  const isGiven = (given.limit ?? given.request) !== undefined;
  if (!isGiven || limitCores === null || requested === undefined || limitCores >= requested) return [];
  const named = (option: 'limit' | 'request', cores: number) =>
    `${given[option] === undefined ? `the ${option} of the file` : `--${option}`}, which is ${shownCores(cores)}`;
  return [`${named('request', requested)}, must be at most ${named('limit', limitCores)}.`];
}

function rangeErrors({ for: seconds, tolerance = 0 }: Given): readonly string[] {
  return [
    ...(seconds >= 60 && seconds <= LONGEST_SECONDS ? [] : ['--for must be from 1m to 24h.']),
    ...(tolerance >= 0 && tolerance < 1 ? [] : ['--tolerance must be at least 0 and below 1.']),
  ];
}

/** Without load the autoscaler settles at the least; --replicas says what runs now. */
function beginsWith(startReplicas: number, given: Given, file: ManifestParts | undefined): readonly string[] {
  const asked = file?.replicas ?? startReplicas;
  if (given.replicas !== undefined || asked === startReplicas || asked > (file?.spec.maxReplicas ?? 0)) return [];
  return [
    `It begins with ${startReplicas}, where it settles without load; the manifest asks for ${asked}: --replicas ${asked} begins there.`,
  ];
}

function mostCoresOf(limitCores: number | null, isSkyOps: boolean): number {
  if (limitCores === null) return Number.POSITIVE_INFINITY;
  return isSkyOps ? limitCores - reserveCores(limitCores) : limitCores;
}

const NO_BEHAVIOR = { hasBehavior: false, scaleUp: DEFAULT_SCALE_UP, scaleDown: DEFAULT_SCALE_DOWN };

/** Those of the file, with what the options change; or one that is made of the options alone. */
function measuresOf({ request, target }: Given, file: ManifestParts | undefined, errors: string[]): readonly Measure[] {
  if (target !== undefined && !(target >= 1)) errors.push('--target must be at least 1 per cent.');
  if (file === undefined || (request !== undefined && target !== undefined)) {
    if (request === undefined) errors.push('--request is missing: give it, or --file with a manifest.');
    if (target === undefined) errors.push('--target is missing: give it, or --file with a manifest.');
    return [{ type: 'utilization', requestCores: request ?? 1, targetPercent: target ?? 80 }];
  }
  return file.spec.measures.map((measure) => {
    if (measure.type === 'average') {
      if (target !== undefined)
        errors.push(
          '--target is in per cent of a request, but the autoscaler of the file has an averageValue: give --request too.',
        );
      return measure;
    }
    return {
      ...measure,
      requestCores: request ?? measure.requestCores,
      targetPercent: target ?? measure.targetPercent,
    };
  });
}

/** Each names what was given: the option, or the field of the file. */
function boundErrors(
  given: Given,
  file: ManifestParts | undefined,
  minReplicas: number,
  maxReplicas: number,
  startReplicas: number,
): readonly string[] {
  const least = given.min === undefined && file !== undefined ? 'minReplicas' : '--min';
  const most = given.max === undefined && file !== undefined ? 'maxReplicas' : '--max';
  return [
    ...(given.min !== undefined && given.min < 1 ? ['--min must be at least 1.'] : []),
    ...(maxReplicas < minReplicas
      ? [`${most}, which is ${maxReplicas}, must be at least ${least}, which is ${minReplicas}.`]
      : []),
    ...(maxReplicas > MOST_REPLICAS
      ? [`${most} is ${maxReplicas}, and a forecast goes up to ${MOST_REPLICAS}: give a lower --max.`]
      : []),
    ...(given.replicas !== undefined && !(startReplicas >= 1 && startReplicas <= MOST_REPLICAS)
      ? [`--replicas must be from 1 to ${MOST_REPLICAS}.`]
      : []),
  ];
}
