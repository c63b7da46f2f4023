/** Draws how far each tool was off, as one SVG: a panel for each scene, a dot for the median, a bar from least to most. */

export type Row = {
  readonly scene: string;
  readonly millicores: number;
  readonly tool: string;
  readonly errorPercent: number;
  readonly leastPercent: number;
  readonly mostPercent: number;
  readonly worstWindowPercent: number;
  readonly reportErrorPercent: { readonly median: number; readonly worst: number } | null;
  readonly throttledPercent: number | null;
};

const COLOURS: Readonly<Record<string, string>> = {
  SkyOps: '#0b7a75',
  'stress-ng': '#c2571a',
  'resource-consumer': '#5b4b9a',
};
const WIDTH = 840;
const PANEL_HEIGHT = 250;
const MARGIN = { left: 64, right: 16, top: 44, bottom: 44 };

export function drawAccuracy(rows: readonly Row[]): string {
  const scenes = [...new Set(rows.map(({ scene }) => scene))];
  const panels = scenes.map((scene, index) =>
    panel(
      scene,
      rows.filter((row) => row.scene === scene),
      28 + index * PANEL_HEIGHT,
    ),
  );
  const legend = Object.entries(COLOURS).map(
    ([tool, colour], index) =>
      `<circle cx="${MARGIN.left + 8 + index * 160}" cy="16" r="5" fill="${colour}"/><text x="${MARGIN.left + 20 + index * 160}" y="20">${tool}</text>`,
  );
  const height = 28 + scenes.length * PANEL_HEIGHT;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="13" role="img" aria-label="Error of the delivered CPU, by tool and amount">
<rect width="${WIDTH}" height="${height}" fill="#fff"/>
${[...legend, ...panels].join('\n')}
</svg>
`;
}

function panel(scene: string, rows: readonly Row[], top: number): string {
  const amounts = [...new Set(rows.map(({ millicores }) => millicores))];
  const tools = [...new Set(rows.map(({ tool }) => tool))];
  const values = rows.flatMap(({ leastPercent, mostPercent }) => [leastPercent, mostPercent]);
  const low = Math.min(-1, Math.floor(Math.min(...values)));
  const high = Math.max(1, Math.ceil(Math.max(...values)));
  const innerTop = top + MARGIN.top;
  const innerHeight = PANEL_HEIGHT - MARGIN.top - MARGIN.bottom;
  const y = (percent: number) => innerTop + ((high - percent) / (high - low)) * innerHeight;
  const slot = (WIDTH - MARGIN.left - MARGIN.right) / amounts.length;
  const grid = [low, 0, high].map(
    (percent) =>
      `<line x1="${MARGIN.left}" x2="${WIDTH - MARGIN.right}" y1="${y(percent)}" y2="${y(percent)}" stroke="${percent === 0 ? '#333' : '#ddd'}"/><text x="${MARGIN.left - 8}" y="${y(percent) + 4}" text-anchor="end">${percent} %</text>`,
  );
  const marks = rows.map((row) => {
    const x =
      MARGIN.left + slot * (amounts.indexOf(row.millicores) + (tools.indexOf(row.tool) + 1) / (tools.length + 1));
    const colour = COLOURS[row.tool] ?? '#000';
    return `<line x1="${x}" x2="${x}" y1="${y(row.mostPercent)}" y2="${y(row.leastPercent)}" stroke="${colour}" stroke-width="3"/><circle cx="${x}" cy="${y(row.errorPercent)}" r="5" fill="${colour}"/>`;
  });
  const labels = amounts.map(
    (amount, index) =>
      `<text x="${MARGIN.left + slot * (index + 0.5)}" y="${innerTop + innerHeight + 24}" text-anchor="middle">${amount}m</text>`,
  );
  return [
    `<text x="${MARGIN.left}" y="${top + 26}" font-weight="bold">Delivered less asked, ${scene}</text>`,
    ...grid,
    ...marks,
    ...labels,
  ].join('\n');
}
