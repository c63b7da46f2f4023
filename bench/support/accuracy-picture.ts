/** Draws the table of bench/load-accuracy.ts: how far each tool was off, with a panel for each scene and a box for each tool. */
import { draw } from '#picture/draw.ts';
import type { Colour, Panel } from '#picture/picture.ts';

/** As docs/bench/load-accuracy.md has it. */
type Row = {
  readonly scene: string;
  readonly millicores: string;
  readonly tool: string;
  readonly percent: readonly [least: number, median: number, most: number];
};

const COLOURS: Readonly<Record<string, Colour>> = {
  SkyOps: 'blue',
  'stress-ng': 'orange',
  'resource-consumer': 'violet',
};
/** One amount and three tools make no picture. */
const LEFT_OUT = /^quota/;

/** @param table in Markdown: what the picture says is what is written down, and can be drawn again from it. */
export function drawAccuracy(table: string): string {
  const rows = rowsOf(table).filter(({ scene }) => !LEFT_OUT.test(scene));
  const panels = [...new Set(rows.map(({ scene }) => scene))].map((scene) =>
    panelOf(
      scene,
      rows.filter((row) => row.scene === scene),
    ),
  );
  return draw({
    title: 'CPU delivered, less CPU asked',
    subtitle: '0 % is exact. A box spans all rounds; the line in it is their median.',
    description: `How far each tool was off, in per cent of the CPU asked, by amount. Panels: ${panels.map(({ heading }) => heading).join(', ')}.`,
    panels,
  });
}

function panelOf(scene: string, rows: readonly Row[]): Panel {
  const names = [...new Set(rows.map(({ millicores }) => millicores))];
  return {
    heading: `Machine: ${scene}`,
    x: { title: 'CPU asked (millicores)', names },
    y: { title: 'error (%)' },
    ranges: Object.entries(COLOURS).map(([name, colour]) => ({
      name,
      colour,
      ranges: rows.filter(({ tool }) => tool === name).map(({ percent }) => percent),
    })),
  };
}

function rowsOf(table: string): readonly Row[] {
  const cells = /^\| ([^|]+) \| (\d+)m \| ([^|]+) \| ([+−][\d.]+) \[([+−][\d.]+) … ([+−][\d.]+)\]/gm;
  const percent = (text = '') => Number(text.replace('−', '-'));
  return [...table.matchAll(cells)].map(([, scene = '', millicores = '', tool = '', median, least, most]) => ({
    scene,
    millicores,
    tool,
    percent: [percent(least), percent(median), percent(most)],
  }));
}
