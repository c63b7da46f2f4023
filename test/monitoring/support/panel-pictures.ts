/** Draws what the queries of the panels gave as one SVG of small charts, to be looked at where there is no Grafana. */
import type { Series } from '#test/support/prometheus.ts';

type PanelPicture = {
  readonly title: string;
  readonly unit: string;
  readonly lines: readonly { readonly legend: string; readonly series: readonly Series[] }[];
};

const COLUMNS = 4;
const [WIDTH, HEIGHT] = [300, 190];
const CHART = { left: 52, top: 30, width: 236, height: 92 };
const COLOURS = ['#0b7a75', '#c2571a', '#5b4b9a', '#a23b72', '#3a7d44', '#b8860b', '#2f6690', '#7a3e3e'];

export function drawPanels(panels: readonly PanelPicture[]): string {
  const height = Math.ceil(panels.length / COLUMNS) * HEIGHT;
  const drawn = panels.map((panel, index) => {
    const [x, y] = [(index % COLUMNS) * WIDTH, Math.floor(index / COLUMNS) * HEIGHT];
    return `<g transform="translate(${x} ${y})">${drawPanel(panel)}</g>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${COLUMNS * WIDTH}" height="${height}" font-family="sans-serif" font-size="10"><rect width="100%" height="100%" fill="#fff"/>${drawn.join('')}</svg>\n`;
}

function drawPanel({ title, unit, lines }: PanelPicture): string {
  const curves = lines.flatMap(({ legend, series }) =>
    series.map(({ metric, values }) => ({
      name: legend.replaceAll(/\{\{(\w+)\}\}/g, (_, label: string) => metric[label] ?? ''),
      points: values.map(([at, text]) => [at, Number(text)] as const).filter(([, value]) => Number.isFinite(value)),
    })),
  );
  const points = curves.flatMap((curve) => curve.points);
  const times = points.map(([at]) => at);
  const [from, to] = [Math.min(...times), Math.max(...times)];
  const top = Math.max(...points.map(([, value]) => value), 1e-9);
  const place = ([at, value]: readonly [number, number]) =>
    `${(CHART.left + ((at - from) / Math.max(1, to - from)) * CHART.width).toFixed(1)},${(CHART.top + CHART.height * (1 - value / top)).toFixed(1)}`;
  const drawn = curves.slice(0, 8).map(({ name, points: own }, index) => {
    const colour = COLOURS[index % COLOURS.length];
    const label = `<text x="${8 + (index % 2) * 146}" y="${140 + Math.floor(index / 2) * 12}" fill="${colour}">${escaped(name.slice(0, 26))}</text>`;
    return `<polyline fill="none" stroke="${colour}" stroke-width="1.5" points="${own.map(place).join(' ')}"/>${label}`;
  });
  return `<rect x="4" y="4" width="${WIDTH - 8}" height="${HEIGHT - 8}" fill="none" stroke="#ccc"/><text x="10" y="20" font-size="12" font-weight="bold">${escaped(title)}</text><text x="${CHART.left - 4}" y="${CHART.top + 8}" text-anchor="end">${top.toPrecision(3)} ${unit}</text><line x1="${CHART.left}" x2="${CHART.left + CHART.width}" y1="${CHART.top + CHART.height}" y2="${CHART.top + CHART.height}" stroke="#999"/>${drawn.join('')}${curves.length === 0 ? '<text x="120" y="80" fill="#999">no data</text>' : ''}`;
}

const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
