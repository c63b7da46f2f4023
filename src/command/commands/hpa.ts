/** skyops hpa: says what a load will make a HorizontalPodAutoscaler do, before anybody makes it. */
import { writeFileSync } from 'node:fs';
import { Option } from 'commander';
import { forecast } from '#autoscaling/forecast.ts';
import { type FoundAutoscaler, readManifests } from '#autoscaling/manifest.ts';
import { DEFAULT_TOLERANCE } from '#autoscaling/spec.ts';
import { granted, type Outcome, refused } from '#foundation/outcome.ts';
import { NO_MANIFEST } from '#kubernetes/objects.ts';
import { EXIT_CODES } from '#lifecycle/exit-codes.ts';
import {
  coresArgument,
  durationArgument,
  integerArgument,
  numberArgument,
  percentArgument,
  shapeOption,
} from '../arguments.ts';
import type { Command } from '../command.ts';
import { type ForecastPictureParts, forecastPicture } from '../forecast-picture.ts';
import { forecastParts, type Given, type Parts } from '../hpa/given.ts';
import { readFiles } from '../hpa/manifest-files.ts';
import { momentInJson, pageOf, type Row, summaryOf, tableOf } from '../hpa/page.ts';
import type { Terminal } from '../terminal.ts';

const EXAMPLES = `
Examples:
  skyops hpa --file k8s --load 2500m
  skyops hpa --file hpa.yaml --file deployment.yaml --load 2500m
  kubectl get hpa,deployment --output yaml | skyops hpa --file - --load 2 --name web
  skyops hpa --request 200m --target 60 --min 2 --max 10 --limit 1 --load 2500m
  skyops hpa --request 200m --target 60 --max 10 --load 2 --behavior '{"scaleDown":{"stabilizationWindowSeconds":60}}'
  skyops hpa --file k8s --load 2 --shape spike:base=0.1,peak=1,at=1m,for=5m --for 20m --picture scaling.svg`;

const LEGEND = `
The metrics see a load half a minute after it began. What limits a step: bounds (least and most replicas), window (the stabilization of the
behavior), policy (the step that the behavior allows).
`;

export const hpaCommand: Command = (program, { terminal }, done) => {
  program
    .command('hpa')
    .description('forecast what a load makes a HorizontalPodAutoscaler do, and when')
    .addOption(
      new Option('--load <cores>', 'the whole load, over all replicas: 2500m, 1.5')
        .argParser(coresArgument)
        .makeOptionMandatory(),
    )
    .addOption(shapeOption())
    .option('--for <duration>', 'how far to look', durationArgument, 900)
    .option(
      '--file <path>',
      'a manifest, or a folder of them, with the autoscaler and its Deployment; - reads standard input; may be repeated',
      (path: string, before: readonly string[] = []) => [...before, path],
    )
    .option('--recursive', 'look into the folders of --file too')
    .option('--name <name>', 'the autoscaler that is meant, where there are several: NAME or NAMESPACE/NAME')
    .option('--request <cores>', 'CPU request of one replica, instead of that in --file', coresArgument)
    .option('--limit <cores>', 'CPU limit of one replica, instead of that in --file', coresArgument)
    .option('--target <percent>', 'target utilization in per cent of the request', percentArgument)
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
    .option('--picture <file>', 'write a timeline as SVG')
    .addHelpText('after', `${EXAMPLES}\n${LEGEND}`)
    .action(async (given: Given) => {
      const chosen = chosenIn(given, terminal);
      if (!chosen.ok) {
        terminal.err(`skyops: nothing can be forecast.\n${chosen.refusal.map((each) => `  ${each}\n`).join('')}`);
        return done(EXIT_CODES.misconfigured);
      }
      if (chosen.value.type === 'several') return done(sayAll(given, chosen.value.found, terminal));
      const { parts } = chosen.value;
      const moments = forecast(parts);
      const said = summaryOf(parts, moments);
      terminal.out(
        given.json
          ? inJson({ ...said, moments: moments.map(momentInJson) })
          : pageOf(said, moments, parts.spec.measures),
      );
      try {
        if (given.picture !== undefined) await writePicture(given.picture, { ...parts, moments, summary: said.load });
        done(EXIT_CODES.clean);
      } catch (error) {
        terminal.err(`skyops: the picture was not written: ${(error as Error).message}\n`);
        done(EXIT_CODES.failed);
      }
    });
};

const inJson = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;

async function writePicture(path: string, parts: ForecastPictureParts): Promise<void> {
  // What draws is large, and of use to nobody else.
  const { draw } = await import('#picture/draw.ts');
  writeFileSync(path, draw(forecastPicture(parts)));
}

type Chosen =
  | { readonly type: 'one'; readonly parts: Parts }
  | { readonly type: 'several'; readonly found: readonly FoundAutoscaler[] };

/** The one that is meant, by the options alone, by the only one in the files, or by its name; or all of them. */
function chosenIn(given: Given, terminal: Terminal): Outcome<Chosen, readonly string[]> {
  if (given.file === undefined) {
    const alone = ['name', 'recursive'].filter((option) => option in given);
    if (alone.length > 0) return refused(alone.map((option) => `--${option} looks into --file, which is missing.`));
    const parts = forecastParts(given);
    return parts.ok ? granted({ type: 'one', parts: parts.value }) : parts;
  }
  const files = readFiles(given.file, given.recursive === true);
  if (!files.ok) return files;
  const { autoscalers, errors, notes } = readManifests(files.value);
  const named = autoscalers.filter((each) => given.name === undefined || isCalled(each, given.name));
  const [only, ...others] = named;
  if (only === undefined) return refused([...missing(given, autoscalers), ...errors, ...notes]);
  for (const error of [...errors, ...notes]) terminal.err(`skyops: ${error}\n`);
  if (others.length > 0) {
    if (given.picture === undefined) return granted({ type: 'several', found: named });
    return refused([`--picture shows one autoscaler, and there are ${named.length}: give --name, ${namesOf(named)}.`]);
  }
  if (!only.parts.ok) return only.parts;
  const parts = forecastParts(given, only.parts.value);
  return parts.ok ? granted({ type: 'one', parts: parts.value }) : parts;
}

const isCalled = ({ name, namespace }: FoundAutoscaler, wanted: string) =>
  wanted === name || wanted === `${namespace}/${name}`;

const namesOf = (autoscalers: readonly FoundAutoscaler[]) =>
  autoscalers.map(({ name, namespace }) => `${namespace}/${name}`).join(', ');

function missing({ file = [], name }: Given, autoscalers: readonly FoundAutoscaler[]): readonly string[] {
  if (autoscalers.length === 0) {
    const places = file.map((path) => (path === '-' ? 'standard input' : path)).join(', ');
    const kustomize = file.some((path) => NO_MANIFEST.test(path))
      ? ' A kustomization is not read itself: give what kubectl kustomize prints.'
      : '';
    return [`There is no HorizontalPodAutoscaler that can be read in ${places}: give its file too.${kustomize}`];
  }
  return [`No autoscaler is called ${name}; there are ${namesOf(autoscalers)}.`];
}

/** Each of them under the whole load; the exit code says whether all could be forecast, some or none. */
function sayAll(given: Given, found: readonly FoundAutoscaler[], terminal: Terminal): number {
  const rows = found.map(({ name, namespace, parts }): Row => {
    const called = `${namespace}/${name}`;
    const read = parts.ok ? forecastParts(given, parts.value) : parts;
    if (!read.ok) return { called, refusal: read.refusal };
    return { called, parts: read.value, said: summaryOf(read.value, forecast(read.value)) };
  });
  const inWords = rows.map((row) =>
    'refusal' in row ? { name: row.called, refused: row.refusal } : { name: row.called, ...row.said },
  );
  terminal.out(given.json ? inJson({ autoscalers: inWords }) : tableOf(rows));
  const refusals = rows.filter((row) => 'refusal' in row).length;
  if (refusals === 0) return EXIT_CODES.clean;
  return refusals === rows.length ? EXIT_CODES.misconfigured : EXIT_CODES.failed;
}
