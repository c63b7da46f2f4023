/** A forecast as a picture: load and what is burnt of it above, replicas below, over time. Pure; SVG, readable in light and dark. */
import type { Moment } from './forecast.ts';

const WIDTH = 720;
const LEFT = 56;
const RIGHT = 28;
const PANEL = 130;
const TOPS = [34, 224] as const;

export function timeline(moments: readonly Moment[], title: string): string {
  const seconds = moments.at(-1)?.atSeconds ?? 1;
  const x = (at: number) => LEFT + (at / seconds) * (WIDTH - LEFT - RIGHT);
  const most = (read: (moment: Moment) => number) => Math.max(1e-3, ...moments.map(read));
  const mostCores = most(({ loadCores }) => loadCores);
  const mostReplicas = most(({ replicas, wanted }) => Math.max(replicas, Math.min(wanted, replicas * 2)));
  const panels = [
    panel(TOPS[0], 'cores', mostCores, [
      steps(moments, ({ loadCores }) => loadCores, mostCores, TOPS[0], x, 'asked'),
      steps(moments, ({ deliveredCores }) => deliveredCores, mostCores, TOPS[0], x, 'burnt'),
    ]),
    panel(TOPS[1], 'replicas', mostReplicas, [
      steps(moments, ({ wanted }) => Math.min(wanted, mostReplicas), mostReplicas, TOPS[1], x, 'asked'),
      steps(moments, ({ replicas }) => replicas, mostReplicas, TOPS[1], x, 'burnt'),
    ]),
  ];
  const ticks = ticksOf(seconds).map(
    (at) => `<text x="${x(at).toFixed(1)}" y="${TOPS[1] + PANEL + 18}" text-anchor="middle">${clockOf(at)}</text>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} 392" role="img" aria-label="${escaped(title)}" font-family="system-ui, sans-serif" font-size="12">
<style>svg { color: #1f2328; background: #fff } .asked { stroke: #9a6700; stroke-dasharray: 5 3 } .burnt { stroke: #0969da } @media (prefers-color-scheme: dark) { svg { color: #e6edf3; background: #0d1117 } .asked { stroke: #d29922 } .burnt { stroke: #58a6ff } } text { fill: currentColor } path { fill: none; stroke-width: 2 } .frame { stroke: currentColor; stroke-opacity: .25; stroke-width: 1 }</style>
<text x="${LEFT}" y="18" font-weight="600">${escaped(title)}</text>
${panels.join('\n')}
${ticks.join('\n')}
<text x="${LEFT}" y="386">dashed: the load, and the replicas that are wanted · solid: what is burnt of it, and the replicas that there are</text>
</svg>
`;
}

function panel(top: number, unit: string, most: number, paths: readonly string[]): string {
  const bottom = top + PANEL;
  return `<text x="${LEFT}" y="${top - 6}">${unit}</text>
<text x="${LEFT - 8}" y="${top + 4}" text-anchor="end">${Number(most.toFixed(2))}</text>
<text x="${LEFT - 8}" y="${bottom + 4}" text-anchor="end">0</text>
<path class="frame" d="M${LEFT} ${top}V${bottom}H${WIDTH - RIGHT}"/>
${paths.join('\n')}`;
}

function steps(
  moments: readonly Moment[],
  read: (moment: Moment) => number,
  most: number,
  top: number,
  x: (at: number) => number,
  name: string,
): string {
  const y = (value: number) => (top + PANEL - (value / most) * PANEL).toFixed(1);
  const words = moments.map((moment, index) => {
    const from = moments[index - 1]?.atSeconds ?? 0;
    return `${index === 0 ? 'M' : 'L'}${x(from).toFixed(1)} ${y(read(moment))}H${x(moment.atSeconds).toFixed(1)}`;
  });
  return `<path class="${name}" d="${words.join('')}"/>`;
}

/** About six of them, at whole minutes where the time is long enough. */
function ticksOf(seconds: number): number[] {
  const period = [15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 14_400].find((each) => seconds / each <= 7) ?? 28_800;
  return Array.from({ length: Math.floor(seconds / period) + 1 }, (_, index) => index * period);
}

/** `1:30`, minutes and seconds. */
export function clockOf(seconds: number): string {
  return `${Math.floor(seconds / 60)}:${String(Math.round(seconds % 60)).padStart(2, '0')}`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
