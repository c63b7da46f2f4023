/** What skyops hpa says of a forecast: a summary, and a table for people; pure. */
import { type Moment, settledReplicas } from '#autoscaling/forecast.ts';
import { type Measure, targetCores } from '#autoscaling/spec.ts';
import { clockOf } from '#foundation/clock-time.ts';
import { shownCores } from '#foundation/quantity.ts';
import { alignedRows } from '../report-table.ts';
import type { Parts } from './given.ts';

export type Summary = {
  readonly load: string;
  readonly per_replica_at_start_cores: number;
  /** In per cent of the request; null where the target is an average. */
  readonly utilization_at_start: number | null;
  readonly is_limited_at_start: boolean;
  readonly settled_replicas: number;
  readonly settled_since_seconds: number | null;
  readonly most_replicas: number;
  /** What the forecast leaves out. */
  readonly notes: readonly string[];
};

/** One decision of the controller, as --json says it. */
export const momentInJson = (moment: Moment) => ({
  at_seconds: moment.atSeconds,
  load_cores: moment.loadCores,
  delivered_cores: moment.deliveredCores,
  /** In per cent of the request; null where the target is an average. */
  utilization: moment.utilization,
  average_cores: moment.averageCores,
  wanted_replicas: moment.wanted,
  replicas: moment.replicas,
  ready_replicas: moment.readyReplicas,
  limited_by: moment.limitedBy,
});

export function summaryOf(parts: Parts, moments: readonly Moment[]): Summary {
  const { spec, mostCores, startReplicas } = parts;
  const [measure] = spec.measures;
  const asked = parts.loadCores(0) / startReplicas;
  const used = Math.min(asked, mostCores);
  const last = moments.at(-1);
  const settled = settledReplicas(parts, last?.loadCores ?? 0, last?.replicas ?? startReplicas);
  // The first moment from which on the number stays what it is at the end.
  const since = moments.findLastIndex(({ replicas }) => replicas !== last?.replicas) + 1;
  return {
    load: `${shownCores(parts.mostLoadCores)} over ${counted(startReplicas)}, ${targetIn(measure, startReplicas === 1)}, ${spec.minReplicas} to ${spec.maxReplicas} replicas`,
    per_replica_at_start_cores: used,
    utilization_at_start:
      measure.type === 'utilization'
        ? Math.floor(((used + parts.idleCores) / measure.requestCores) * 100 + 1e-9)
        : null,
    is_limited_at_start: asked > mostCores,
    settled_replicas: settled,
    settled_since_seconds: settled === last?.replicas ? (moments[since]?.atSeconds ?? null) : null,
    most_replicas: Math.max(...moments.map(({ replicas }) => replicas)),
    notes: [...heldBy(spec.maxReplicas, last), ...parts.notes],
  };
}

/** Settled is not enough: what the load needs, the most replicas may not allow. */
function heldBy(maxReplicas: number, last: Moment | undefined): readonly string[] {
  if (last === undefined || last.wanted <= maxReplicas) return [];
  return [
    `At the end it wants ${last.wanted} replicas, and the most is ${maxReplicas}: the load is more than they are meant for.`,
  ];
}

const counted = (replicas: number) => (replicas === 1 ? '1 replica' : `${replicas} replicas`);

function targetIn(measure: Measure, isOne: boolean): string {
  if (measure.type === 'average') return `target ${shownCores(measure.targetCores)} each`;
  const request = `${shownCores(measure.requestCores)}${isOne ? '' : ' each'}`;
  return `request ${request}, target ${measure.targetPercent} % (${shownCores(targetCores(measure))})`;
}

export function pageOf(said: Summary, moments: readonly Moment[], [measure]: Parts['spec']['measures']): string {
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
  const use = measure.type === 'average' ? 'average' : 'utilization';
  const rows = shown.map((moment) => [
    clockOf(moment.atSeconds),
    shownCores(moment.loadCores),
    shownCores(moment.deliveredCores),
    useOf(moment),
    String(moment.wanted),
    String(moment.replicas),
    String(moment.readyReplicas),
    moment.limitedBy ?? '',
  ]);
  const limited = said.is_limited_at_start ? ', the most that it may' : '';
  const percent = said.utilization_at_start === null ? '' : `: ${said.utilization_at_start} % of its request`;
  return [
    `${said.load}.`,
    `At first each uses ${shownCores(said.per_replica_at_start_cores)}${limited}${percent}.`,
    '',
    ...alignedRows([['time', 'load', 'used', use, 'wanted', 'replicas', 'ready', 'limited by'], ...rows]),
    '',
    settlesAt(said),
    ...said.notes,
    '',
  ].join('\n');
}

function useOf({ utilization, averageCores }: Moment): string {
  if (utilization !== null) return `${utilization} %`;
  return averageCores === null ? '-' : shownCores(averageCores);
}

function settlesAt({ settled_replicas: replicas, settled_since_seconds: since }: Summary): string {
  if (since !== null) return `It settles at ${replicas} from ${clockOf(since)} on.`;
  return `It has not settled by then; under the load of the end it settles at ${replicas}.`;
}

/** One of several autoscalers, or why it cannot be forecast. */
export type Row = { readonly called: string } & (
  | { readonly said: Summary; readonly parts: Parts }
  | { readonly refusal: readonly string[] }
);

/** All that were found, a line each; below it why some cannot be forecast, and what the forecasts leave out. */
export function tableOf(rows: readonly Row[]): string {
  const lines = rows.map((row) => {
    if ('refusal' in row) return [row.called, '-', '-', '-', '-', '-'];
    const { said, parts } = row;
    const [measure] = parts.spec.measures;
    const since = said.settled_since_seconds;
    return [
      row.called,
      measure.type === 'average' ? '-' : shownCores(measure.requestCores),
      shownCores(targetCores(measure)),
      `${parts.spec.minReplicas} to ${parts.spec.maxReplicas}`,
      String(said.settled_replicas),
      since === null ? 'later' : clockOf(since),
    ];
  });
  const reasons = rows.flatMap((row) =>
    'refusal' in row ? row.refusal.map((each) => `  ${row.called}: ${each}`) : [],
  );
  const notes = rows.flatMap((row) => ('said' in row ? row.said.notes.map((each) => `  ${row.called}: ${each}`) : []));
  return [
    ...alignedRows([['autoscaler', 'request', 'target', 'replicas', 'settles at', 'from'], ...lines]),
    '',
    ...(reasons.length > 0 ? ['These cannot be forecast:', ...reasons] : []),
    ...(notes.length > 0 ? ['What the forecasts leave out:', ...notes] : []),
    'Each under the whole load by itself. --name NAMESPACE/NAME shows one of them in full.',
    '',
  ].join('\n');
}
