/** skyops load: keeps a whole Deployment busy with an exact total, and reports who used how much of it. */
import { Option } from 'commander';
import { shownAddress } from '#client/http-client.ts';
import { shownCores } from '#foundation/quantity.ts';
import { EXIT_CODES } from '#lifecycle/exit-codes.ts';
import { CONSTANT } from '#simulation/shape.ts';
import { coresArgument, durationArgument, integerArgument, shapeOption, urlArgument } from '../arguments.ts';
import type { Command, CommandParts } from '../command.ts';
import { sendPiece } from '../load/send-piece.ts';
import { coresAt, type LoadPlan, type LoadState, MOST_PIECES, piecesFor, startLoad } from '../load/spread-load.ts';
import { bar } from '../progress-line.ts';
import { alignedRows } from '../report-table.ts';
import { PROGRESS_PERIOD_MS } from '../runner.ts';
import { type ShapeArgument, shapeOf, shapeRefusals } from '../shape-argument.ts';

const EXAMPLES = `
Examples:
  skyops load --url http://skyops.example --cpu 2500m --for 10m
  skyops load --url http://skyops.example --cpu 4 --for 20m --shape ramp:from=0.1,to=1

Inside the cluster, through the Service, also in a namespace with the Pod Security Standard restricted:
  kubectl run load --rm -it --restart=Never --image=skyops:0.1.0 --override-type=strategic \\
    --overrides='{"spec":{"automountServiceAccountToken":false,"securityContext":{"runAsNonRoot":true,"runAsUser":65532,
      "seccompProfile":{"type":"RuntimeDefault"}},"containers":[{"name":"load","securityContext":{"allowPrivilegeEscalation":false,
      "capabilities":{"drop":["ALL"]}}}]}}' -- load --url http://skyops --cpu 2500m --for 10m
kubectl port-forward leads to one pod alone. What the load will do to the autoscaler says skyops hpa.`;

/** A total that is further off than this, to either side, has not been delivered. */
const GOOD_ACCURACY = 0.95;
const LONGEST_SECONDS = 86_400;

type Given = {
  readonly url: URL;
  readonly cpu: number;
  readonly shape?: ShapeArgument;
  readonly for: number;
  readonly pieces?: number;
  readonly piece: number;
  readonly json?: boolean;
};

export const loadCommand: Command = (program, parts, done) => {
  program
    .command('load')
    .description('keep a whole Deployment busy with an exact total, cut into pieces that its replicas share')
    .addOption(new Option('--url <url>', 'the Service').argParser(urlArgument).makeOptionMandatory())
    .addOption(
      new Option('--cpu <cores>', 'the total over all replicas: 2500m, 1.5')
        .argParser(coresArgument)
        .makeOptionMandatory(),
    )
    .addOption(shapeOption())
    .option('--for <duration>', 'how long', durationArgument, 60)
    .option(
      '--piece <duration>',
      'how long one piece lasts: how soon a new replica takes its share',
      durationArgument,
      10,
    )
    .option('--pieces <count>', 'into how many pieces it is cut (default: 150m each, at least 8)', integerArgument)
    .option('--json', 'print the report as JSON')
    .addHelpText('after', EXAMPLES)
    .action(async (given: Given) => {
      done(await load(given, parts));
    });
};

async function load(given: Given, { terminal, clock }: CommandParts): Promise<number> {
  const shape = shapeOf(given.shape ?? CONSTANT, given.cpu);
  const plan: LoadPlan = {
    cores: given.cpu,
    shape: shape.ok ? shape.value : CONSTANT,
    seconds: given.for,
    pieces: given.pieces ?? piecesFor(given.cpu),
    pieceSeconds: given.piece,
  };
  const wrong = [...(shape.ok ? [] : [`--shape: ${shape.refusal}`]), ...wrongIn(plan)];
  if (wrong.length > 0) {
    terminal.err(`skyops: nothing was started.\n${wrong.map((each) => `  ${each}\n`).join('')}`);
    return EXIT_CODES.misconfigured;
  }
  const running = startLoad(plan, (piece, signal) => sendPiece(given.url, piece, signal), clock, terminal.interrupt);
  const draw = () => terminal.err(`\r${progressOf(plan, running.state())}\u001b[K`);
  const stopDrawing = terminal.isWatched ? clock.every(PROGRESS_PERIOD_MS, draw) : () => {};
  const state = await running.ended;
  stopDrawing();
  if (terminal.isWatched) terminal.err('\r\u001b[K');
  if (state.wrong !== undefined) {
    terminal.err(`skyops: ${given.url.origin}: ${state.wrong}\n`);
    return EXIT_CODES.misconfigured;
  }
  const report = reportOf(state);
  terminal.out(given.json ? `${JSON.stringify(report)}\n` : tableOf(plan, report));
  const [only, ...others] = report.replicas;
  if (only !== undefined && others.length === 0 && isThisMachine(given.url)) {
    terminal.err(
      `skyops: all of it went to one replica, ${only.replica}. kubectl port-forward leads to one pod alone: to load a Deployment, run skyops load inside the cluster (skyops load --help).\n`,
    );
  }
  if (terminal.interrupt.aborted) return EXIT_CODES.aborted;
  if (state.finished === 0 && state.failed > 0) {
    terminal.err(
      `skyops: ${given.url.origin} did not answer: ${state.reason}. Is it a SkyOps? Try: skyops check ${given.url.origin}/ready\n`,
    );
    return EXIT_CODES.failed;
  }
  if (report.accuracy !== null && report.accuracy >= GOOD_ACCURACY && report.accuracy <= 2 - GOOD_ACCURACY)
    return EXIT_CODES.clean;
  if (state.trouble === 'failed') {
    terminal.err(`skyops: it did not come out. ${shownAddress(given.url)} is gone: ${state.reason}\n`);
    return EXIT_CODES.failed;
  }
  if (state.reason !== undefined) terminal.err(`skyops: it did not come out. The last refusal: ${state.reason}\n`);
  return state.refused > 0 ? EXIT_CODES.exhausted : EXIT_CODES.failed;
}

const isThisMachine = ({ hostname }: URL) => /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname);

function wrongIn({ shape, seconds, pieces, pieceSeconds, cores }: LoadPlan): readonly string[] {
  return [
    ...shapeRefusals(shape, seconds),
    ...(seconds >= 1 && seconds <= LONGEST_SECONDS ? [] : ['--for must be from 1s to 24h.']),
    ...(pieceSeconds >= 0.5 && pieceSeconds <= 300 ? [] : ['--piece must be from 500ms to 5m.']),
    ...(pieces >= 1 && pieces <= MOST_PIECES ? [] : [`--pieces must be from 1 to ${MOST_PIECES}.`]),
    ...(cores / pieces >= 0.001 ? [] : ['--cpu is too little for so many pieces: each must be at least 1m.']),
  ];
}

type Report = {
  readonly seconds: number;
  readonly requested_core_seconds: number;
  readonly delivered_core_seconds: number;
  /** Delivered over requested. Pieces that were cut off have no report and are missing in it. */
  readonly accuracy: number | null;
  readonly pieces: { readonly finished: number; readonly refused: number; readonly failed: number };
  readonly replicas: readonly { readonly replica: string; readonly core_seconds: number; readonly share: number }[];
};

const shortened = (value: number, digits = 3) => Number(value.toFixed(digits));

function reportOf(state: LoadState): Report {
  const { requestedCoreSeconds: requested, deliveredCoreSeconds: delivered } = state;
  return {
    seconds: shortened(state.elapsedSeconds),
    requested_core_seconds: shortened(requested),
    delivered_core_seconds: shortened(delivered),
    accuracy: requested > 0 ? shortened(delivered / requested, 4) : null,
    pieces: { finished: state.finished, refused: state.refused, failed: state.failed },
    replicas: [...state.byReplica]
      .toSorted(([a], [b]) => a.localeCompare(b))
      .map(([replica, coreSeconds]) => ({
        replica,
        core_seconds: shortened(coreSeconds),
        share: shortened(coreSeconds / Math.max(delivered, 1e-9), 4),
      })),
  };
}

function tableOf({ cores }: LoadPlan, report: Report): string {
  const rows = report.replicas.map(({ replica, core_seconds, share }) => [
    replica,
    String(core_seconds),
    `${(share * 100).toFixed(1)} %`,
  ]);
  const { finished, refused, failed } = report.pieces;
  return [
    `${shownCores(cores)} for ${report.seconds} s: ${report.delivered_core_seconds} of ${report.requested_core_seconds} core-seconds, accuracy ${report.accuracy ?? 'not known'}`,
    ...alignedRows([['replica', 'core seconds', 'share'], ...rows]),
    `pieces: ${finished} finished · ${refused} refused · ${failed} failed`,
    '',
  ].join('\n');
}

function progressOf(plan: LoadPlan, state: LoadState): string {
  const { elapsedSeconds: elapsed, running, refused, byReplica } = state;
  const now = shownCores(coresAt(plan, elapsed));
  const trouble = refused > 0 ? `, ${refused} refused` : '';
  return `load ${bar(elapsed / plan.seconds)} ${elapsed.toFixed(0)} of ${plan.seconds} s, ${now} in ${running} pieces over ${byReplica.size} ${byReplica.size === 1 ? 'replica' : 'replicas'}${trouble}`;
}
