/** The picture of a forecast: the CPU load above, the replicas below, over time. */
import type { Moment } from '#autoscaling/forecast.ts';
import type { Axis, Line, Picture } from '#picture/picture.ts';
import { timeAxis } from '#picture/time-axis.ts';

export type ForecastPictureParts = {
  /** At least one. */
  readonly moments: readonly Moment[];
  readonly startReplicas: number;
  readonly seconds: number;
  /** The load and the autoscaler in a sentence. */
  readonly summary: string;
};

/** An autoscaler may want a thousand times what there may be; the axis ends at this many times what there is. */
const MOST_WANTED = 3;

export function forecastPicture(parts: ForecastPictureParts): Picture {
  const { seconds, summary } = parts;
  const x = timeAxis(seconds);
  return {
    title: 'What the autoscaler does under this load',
    subtitle: summary,
    description: `${summary}. Above, over time: the CPU load asked for and the CPU load delivered, in cores. Below: the replicas wanted, present and ready.`,
    panels: [
      { heading: 'CPU load', x, y: { title: 'CPU (cores)', least: 0 }, lines: loadLines(parts) },
      { heading: 'Replicas', x, ...replicasOf(parts) },
    ],
  };
}

const ASKED = { colour: 'amber', isDashed: true } as const;

function loadLines({ moments }: ForecastPictureParts): readonly Line[] {
  return [
    { name: 'delivered', colour: 'blue', ...until(moments, ({ deliveredCores }) => deliveredCores) },
    { name: 'asked', ...ASKED, ...until(moments, ({ loadCores }) => loadCores) },
  ];
}

function replicasOf({ moments, startReplicas, seconds }: ForecastPictureParts): { y: Axis; lines: readonly Line[] } {
  const present = from(moments, ({ replicas }) => replicas, seconds);
  const mostWanted = Math.max(...moments.map(({ wanted }) => wanted));
  const mostShown = MOST_WANTED * Math.max(startReplicas, ...moments.map(({ replicas }) => replicas));
  const isCut = mostWanted > mostShown;
  const wanted = from(moments, (moment) => moment.wanted, seconds);
  return {
    y: { title: 'replicas (count)', least: 0, ...(isCut ? { most: mostShown } : {}), wholeNumbers: true },
    lines: [
      { name: 'ready', colour: 'green', isFilled: true, ...until(moments, ({ readyReplicas }) => readyReplicas) },
      { name: 'present', colour: 'blue', ...present, points: [[0, startReplicas], ...present.points] },
      { name: isCut ? `wanted (up to ${mostWanted})` : 'wanted', ...ASKED, ...wanted },
    ],
  };
}

type Read = (moment: Moment) => number;
type Steps = Required<Pick<Line, 'step' | 'points'>>;

/** What was so since the moment before: load, and replicas that are ready. */
function until(moments: readonly Moment[], read: Read): Steps {
  const first = moments.slice(0, 1).map((moment) => [0, read(moment)] as const);
  return { step: 'until', points: bends([...first, ...pointsOf(moments, read)]) };
}

/** What is decided at a moment, and so from then on. */
function from(moments: readonly Moment[], read: Read, seconds: number): Steps {
  const last = moments.slice(-1).map((moment) => [seconds, read(moment)] as const);
  return { step: 'from', points: bends([...pointsOf(moments, read), ...last]) };
}

const pointsOf = (moments: readonly Moment[], read: Read): Line['points'] =>
  moments.map((moment) => [moment.atSeconds, read(moment)]);

/** Those at which a line of steps does not just go on; a day has 5,760 moments. */
function bends(all: Line['points']): Line['points'] {
  return all.filter(([, y], index) => y !== all[index - 1]?.[1] || y !== all[index + 1]?.[1]);
}
