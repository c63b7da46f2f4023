/** Draws what the queries of a panel gave, to be looked at where there is no Grafana. */
import { draw } from '#picture/draw.ts';
import type { Colour } from '#picture/picture.ts';
import type { Series } from '#test/support/prometheus.ts';

type PanelPicture = {
  readonly title: string;
  readonly unit: string;
  readonly lines: readonly { readonly legend: string; readonly series: readonly Series[] }[];
};

/** More lines than these nobody tells apart. */
const COLOURS: readonly Colour[] = ['blue', 'orange', 'violet', 'green', 'red', 'teal', 'amber', 'grey'];

/** `64M`: bytes have many digits. */
const COMPACT = new Intl.NumberFormat('en', { notation: 'compact' });

export function drawPanel({ title, unit, lines }: PanelPicture): string {
  const curves = lines.flatMap(({ legend, series }) =>
    series.map(({ metric, values }) => ({
      name: legend.replaceAll(/\{\{(\w+)\}\}/g, (_, label: string) => metric[label] ?? ''),
      values: values.map(([at, text]) => [at, Number(text)] as const).filter(([, value]) => Number.isFinite(value)),
    })),
  );
  const from = Math.min(...curves.flatMap(({ values }) => values.map(([at]) => at)));
  const shown = curves.flatMap(({ name, values }, index) => {
    const colour = COLOURS[index];
    return colour ? [{ name, colour, points: values.map(([at, value]) => [at - from, value] as const) }] : [];
  });
  return draw({
    title,
    description: `${shown.length} of ${curves.length} series over time, in ${unit}.`,
    panels: [
      {
        heading: '',
        x: { title: 'time (seconds)', least: 0 },
        y: { title: `value (${unit})`, least: 0, shown: (value) => COMPACT.format(value) },
        lines: shown,
      },
    ],
  });
}
