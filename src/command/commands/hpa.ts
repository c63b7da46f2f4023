/** skyops hpa: says what a load will make a HorizontalPodAutoscaler do, before anybody makes it. */
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Option } from 'commander';
import { type ForecastParts, forecast, type Moment, restingReplicas } from '#autoscaling/forecast.ts';
import { type ManifestParts, readBehavior, readManifest } from '#autoscaling/manifest.ts';
import { DEFAULT_SCALE_DOWN, DEFAULT_SCALE_UP, DEFAULT_TOLERANCE } from '#autoscaling/spec.ts';
import { clockOf } from '#foundation/clock-time.ts';
import { granted, type Outcome, refused } from '#foundation/outcome.ts';
import { shownCores } from '#foundation/quantity.ts';
import { EXIT_CODES } from '#lifecycle/exit-codes.ts';
import { reserveCores } from '#simulation/capacity/cpu.ts';
import { CONSTANT, partAt } from '#simulation/shape.ts';
import { type Shape, shapeErrors } from '#simulation/shape-schema.ts';
import { coresArgument, durationArgument, integerArgument, numberArgument, shapeOption } from '../arguments.ts';
import type { Command } from '../command.ts';
import { type ForecastPictureParts, forecastPicture } from '../forecast-picture.ts';
import { alignedRows } from '../report-table.ts';

const EXAMPLES = `
Examples:
  skyops hpa --file k8s --load 2500m
  skyops hpa --request 200m --target 60 --min 2 --max 10 --limit 1 --load 2500m
  skyops hpa --request 200m --target 60 --max 10 --load 2 --behavior '{"scaleDown":{"stabilizationWindowSeconds":60}}'
  skyops hpa --file k8s --load 2 --shape spike:base=0.1,peak=1,at=1m,for=5m --for 20m --picture scaling.svg`;

/** The longest that is worth a table; a day has 5,760 decisions. */
const LONGEST_SECONDS = 86_400;
const MOST_REPLICAS = 10_000;

type Given = {
  readonly load: number;
  readonly shape?: Shape;
  readonly for: number;
  readonly file?: string;
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

export const hpaCommand: Command = (program, { terminal }, done) => {
  program
    .command('hpa')
    .description('foretell what a load makes a HorizontalPodAutoscaler do, and when')
    .addOption(
      new Option('--load <cores>', 'the whole load, over all replicas: 2500m, 1.5')
        .argParser(coresArgument)
        .makeOptionMandatory(),
    )
    .addOption(shapeOption())
    .option('--for <duration>', 'how far to look', durationArgument, 900)
    .option(
      '--file <path>',
      'a manifest, or a folder of them: the autoscaler and its Deployment; - reads standard input',
    )
    .option('--request <cores>', 'CPU request of one replica, instead of that in --file', coresArgument)
    .option('--limit <cores>', 'CPU limit of one replica, instead of that in --file', coresArgument)
    .option('--target <percent>', 'target utilization in per cent of the request', numberArgument)
    .option('--min <replicas>', 'least replicas', integerArgument)
    .option('--max <replicas>', 'most replicas', integerArgument)
    .option(
      '--tolerance <ratio>',
      `how far off it may be before anything is done; ${DEFAULT_TOLERANCE} in Kubernetes`,
      numberArgument,
    )
    .option('--behavior <json>', 'spec.behavior of the autoscaler, as JSON or YAML, instead of that in --file')
    .option('--replicas <count>', 'how many there are when the load begins (default: the least)', integerArgument)
    .option('--startup <duration>', 'from the decision to a ready replica', durationArgument, 10)
    .option('--idle <cores>', 'what a replica uses without load', coresArgument, 0.002)
    .option('--json', 'print everything as JSON')
    .option('--picture <file>', 'draw it over time, as SVG')
    .addHelpText('after', EXAMPLES)
    .action(async (given: Given) => {
      const parts = partsOf(given);
      if (!parts.ok) {
        terminal.err(`skyops: nothing can be foretold.\n${parts.refusal.map((each) => `  ${each}\n`).join('')}`);
        return done(EXIT_CODES.misconfigured);
      }
      const moments = forecast(parts.value);
      const said = summaryOf(parts.value, given, moments);
      terminal.out(given.json ? `${JSON.stringify({ ...said, moments }, null, 2)}\n` : pageOf(said, moments));
      try {
        if (given.picture !== undefined) {
          await writePicture(given.picture, { ...parts.value, moments, summary: said.load });
        }
        done(EXIT_CODES.clean);
      } catch (error) {
        terminal.err(`skyops: the picture was not written: ${(error as Error).message}\n`);
        done(EXIT_CODES.failed);
      }
    });
};

async function writePicture(path: string, parts: ForecastPictureParts): Promise<void> {
  // What draws is large, and of use to nobody else.
  const { draw } = await import('#picture/draw.ts');
  writeFileSync(path, draw(forecastPicture(parts)));
}

type Parts = ForecastParts & Pick<ManifestParts, 'notes'>;

/** What is given in words wins over what is in the file. */
function partsOf(given: Given): Outcome<Parts, readonly string[]> {
  const read = given.file === undefined ? undefined : manifestIn(given.file);
  if (read !== undefined && !read.ok) return refused(read.refusal);
  const file = read?.value;
  const errors: string[] = [];
  const required = <Value>(value: Value | undefined, option: string, fallback: Value): Value => {
    if (value === undefined) errors.push(`${option} is missing: give it, or --file with a manifest.`);
    return value ?? fallback;
  };
  const requestCores = required(given.request ?? file?.requestCores, '--request', 1);
  const limitCores = given.limit ?? file?.limitCores ?? null;
  const targetUtilization = required(given.target ?? file?.spec.targetUtilization, '--target', 80);
  const maxReplicas = required(given.max ?? file?.spec.maxReplicas, '--max', 1);
  const minReplicas = given.min ?? file?.spec.minReplicas ?? 1;
  const startReplicas = given.replicas ?? minReplicas;
  if (!(targetUtilization >= 1)) errors.push('--target must be at least 1 per cent.');
  if (!(minReplicas >= 1 && maxReplicas >= minReplicas && maxReplicas <= MOST_REPLICAS)) {
    errors.push(`--min must be at least 1, --max at least --min and at most ${MOST_REPLICAS}.`);
  }
  if (!(startReplicas >= 1 && startReplicas <= MOST_REPLICAS))
    errors.push(`--replicas must be from 1 to ${MOST_REPLICAS}.`);
  if (limitCores !== null && limitCores < requestCores) errors.push('--limit must be at least --request.');
  if (!(given.for >= 60 && given.for <= LONGEST_SECONDS)) errors.push('--for must be from 1m to 24h.');
  if (given.tolerance !== undefined && !(given.tolerance >= 0 && given.tolerance < 1)) {
    errors.push('--tolerance must be at least 0 and below 1.');
  }
  const behavior = given.behavior === undefined ? undefined : readBehavior(given.behavior);
  if (behavior?.ok === false) errors.push(...behavior.refusal.map((each) => `--behavior: ${each}`));
  const { hasBehavior, scaleUp, scaleDown } = (behavior?.ok ? behavior.value : file?.spec) ?? NO_BEHAVIOR;
  const shape = given.shape ?? CONSTANT;
  for (const { pointer, message } of shapeErrors(shape, given.for)) errors.push(`--shape${pointer}: ${message}`);
  if (errors.length > 0) return refused(errors);
  const tolerance = given.tolerance === undefined ? {} : { tolerance: given.tolerance };
  return granted({
    spec: {
      minReplicas,
      maxReplicas,
      targetUtilization,
      hasBehavior,
      scaleUp: { ...scaleUp, ...tolerance },
      scaleDown: { ...scaleDown, ...tolerance },
    },
    notes: file?.notes ?? [],
    requestCores,
    mostCores: limitCores === null ? Number.POSITIVE_INFINITY : limitCores - reserveCores(limitCores),
    idleCores: given.idle,
    startReplicas,
    startupSeconds: given.startup,
    loadCores: (atSeconds) => given.load * partAt(shape, atSeconds, given.for),
    seconds: given.for,
  });
}

const NO_BEHAVIOR = { hasBehavior: false, scaleUp: DEFAULT_SCALE_UP, scaleDown: DEFAULT_SCALE_DOWN };

function manifestIn(path: string): Outcome<ManifestParts, readonly string[]> {
  try {
    if (path === '-') return readManifest(readFileSync(0, 'utf8'));
    const files = statSync(path).isDirectory()
      ? readdirSync(path)
          .filter((name) => /\.ya?ml$/.test(name))
          .map((name) => join(path, name))
      : [path];
    return readManifest(files.map((file) => readFileSync(file, 'utf8')).join('\n---\n'));
  } catch (error) {
    return refused([`--file cannot be read: ${(error as Error).message}`]);
  }
}

type Summary = {
  readonly load: string;
  readonly per_replica_at_start_cores: number;
  readonly utilization_at_start: number;
  readonly is_limited_at_start: boolean;
  readonly resting_replicas: number;
  readonly resting_since_seconds: number | null;
  readonly most_replicas: number;
  /** What the forecast leaves out. */
  readonly notes: readonly string[];
};

function summaryOf(parts: Parts, given: Given, moments: readonly Moment[]): Summary {
  const { spec, requestCores, mostCores, startReplicas } = parts;
  const asked = parts.loadCores(0) / startReplicas;
  const burnt = Math.min(asked, mostCores);
  const last = moments.at(-1);
  const resting = restingReplicas(parts, last?.loadCores ?? given.load, last?.replicas ?? startReplicas);
  // The first moment from which on the number stays what it is at the end.
  const since = moments.findLastIndex(({ replicas }) => replicas !== last?.replicas) + 1;
  return {
    load: `${shownCores(given.load)} over ${startReplicas} ${startReplicas === 1 ? 'replica' : 'replicas'} that request ${shownCores(requestCores)} each, target ${spec.targetUtilization} % (${shownCores((requestCores * spec.targetUtilization) / 100)}), ${spec.minReplicas} to ${spec.maxReplicas} replicas`,
    per_replica_at_start_cores: burnt,
    utilization_at_start: Math.floor(((burnt + parts.idleCores) / requestCores) * 100 + 1e-9),
    is_limited_at_start: asked > mostCores,
    resting_replicas: resting,
    resting_since_seconds: resting === last?.replicas ? (moments[since]?.atSeconds ?? null) : null,
    most_replicas: Math.max(...moments.map(({ replicas }) => replicas)),
    notes: parts.notes,
  };
}

function pageOf(said: Summary, moments: readonly Moment[]): string {
  const shown = moments.filter((moment, index) => {
    const before = moments[index - 1];
    const isLast = index === moments.length - 1;
    return (
      isLast ||
      before?.replicas !== moment.replicas ||
      before.wanted !== moment.wanted ||
      before.readyReplicas !== moment.readyReplicas
    );
  });
  const rows = shown.map((moment) => [
    clockOf(moment.atSeconds),
    shownCores(moment.loadCores),
    shownCores(moment.deliveredCores),
    moment.utilization === null ? '-' : `${moment.utilization} %`,
    String(moment.wanted),
    String(moment.replicas),
    String(moment.readyReplicas),
    moment.limitedBy ?? '',
  ]);
  const limited = said.is_limited_at_start ? ', the most that its limit leaves it' : '';
  const rest =
    said.resting_since_seconds === null
      ? `It has not come to rest by then; under the load of the end it would at ${said.resting_replicas}.`
      : `It rests at ${said.resting_replicas} from ${clockOf(said.resting_since_seconds)} on.`;
  return [
    `${said.load}.`,
    `At first each burns ${shownCores(said.per_replica_at_start_cores)}${limited}: ${said.utilization_at_start} % of its request.`,
    '',
    ...alignedRows([['time', 'load', 'burnt', 'utilization', 'wanted', 'replicas', 'ready', 'limited by'], ...rows]),
    '',
    rest,
    ...said.notes,
    '',
  ].join('\n');
}
