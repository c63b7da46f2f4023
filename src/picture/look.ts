/** The one look of all pictures, as options for ECharts: colours, fonts, places, axes, legends. Pure, and loads nothing of ECharts. */
import type { BoxplotSeriesOption, LineSeriesOption } from 'echarts/charts';
import type { GridComponentOption, LegendComponentOption, TitleComponentOption } from 'echarts/components';
import type { ComposeOption } from 'echarts/core';
import type { Axis, Colour, Line, NameAxis, Panel, Picture, Ranges } from './picture.ts';

type Series = BoxplotSeriesOption | LineSeriesOption;
type Option = ComposeOption<Series | GridComponentOption | LegendComponentOption | TitleComponentOption>;

/** Each has a contrast of at least 4.5 on the ground, which is what WCAG 2.2, 1.4.3, asks of text. */
const COLOURS: Readonly<Record<Colour, string>> = {
  blue: '#0969da',
  amber: '#9a6700',
  green: '#1a7f37',
  orange: '#bc4c00',
  violet: '#8250df',
  red: '#cf222e',
  teal: '#0b7a75',
  grey: '#59636e',
};
/** A ground of its own: a page may be light or dark. */
const GROUND = '#ffffff';
const INK = '#1f2328';
/** How much of its colour the area below a line has. */
const TINT = 0.15;
const FAINT_INK = '#59636e';
const GRID = '#d1d9e0';
const AXIS = '#818b98';
/** What every renderer has. */
const FONT = { fontFamily: 'sans-serif', color: INK };

const WIDTH = 800;
const LEFT = 72;
const RIGHT = 32;
const INNER_WIDTH = WIDTH - LEFT - RIGHT;
/** The font of all but headings. */
const TEXT = '12px sans-serif';
/** Where the first panel begins: below the title, and below each line of the subtitle. */
const BELOW_TITLE = 44;
const SUBTITLE_LINE = 18;
/** A letter is on average so wide, as a part of its size, in the widest of the usual sans-serif fonts (DejaVu Sans, 0.54 measured). */
const LETTER_RATIO = 0.56;
const PLOT = 150;
/** The heading of a panel, with the legend beside it; or below it, where the legend has more rows. */
const HEAD = 32;
const LEGEND_GAP = 20;
const LEGEND_ROW = 14 + LEGEND_GAP;
const LEGEND_MARK = 28;
/** Instead of a heading, where there is one panel. */
const GAP = 8;
/** Below and above what is measured. */
const ROOM: [string, string] = ['5%', '5%'];
const FOOT = 56;

/**
 * ECharts would take the widths of Arial, and texts would overlap where a machine has wider letters.
 *
 * @param font as in CSS: `bold 12px sans-serif`
 * @returns pixels
 */
export function widthOf(text: string, font: string): number {
  const size = Number.parseFloat(font.split(' ').find((word) => word.endsWith('px')) ?? '12');
  // Others are as wide as they are high; ECharts takes the height of a line from one of them.
  const latin = text.match(/[\0-\xff]/g)?.length ?? 0;
  return size * (latin * LETTER_RATIO + (text.length - latin));
}

/** @returns what ECharts draws, and how large it is in pixels. */
export function lookOf(picture: Picture): { readonly option: Option; readonly width: number; readonly height: number } {
  const { title, subtitle = '', panels } = picture;
  const lines = Math.ceil(widthOf(subtitle, TEXT) / INNER_WIDTH);
  const top = BELOW_TITLE + lines * SUBTITLE_LINE;
  const topOf = (index: number) =>
    panels.slice(0, index).reduce((sum, panel) => sum + headOf(panel) + PLOT + FOOT, top);
  const option: Option = {
    animation: false,
    backgroundColor: GROUND,
    title: [titleOf(title, subtitle), ...panels.map(({ heading = '' }, index) => headingOf(heading, topOf(index)))],
    legend: panels.map((panel, index) => legendOf(panel, topOf(index))),
    grid: panels.map((panel, index) => ({
      left: LEFT,
      right: RIGHT,
      top: topOf(index) + headOf(panel),
      height: PLOT,
      outerBoundsMode: 'none',
    })),
    xAxis: panels.map(({ x }, gridIndex) => ({
      ...('names' in x ? nameAxis(x) : numberAxis(x)),
      gridIndex,
      nameGap: 30,
      axisLine: { onZero: false, lineStyle: { color: AXIS } },
      splitLine: { show: false },
    })),
    yAxis: panels.map(({ y }, gridIndex) => ({
      ...numberAxis(y),
      gridIndex,
      nameGap: 44,
      splitNumber: 4,
      axisLine: { show: false },
      splitLine: { lineStyle: { color: GRID } },
    })),
    series: panels.flatMap((panel, index): Series[] => {
      const place = { xAxisIndex: index, yAxisIndex: index, silent: true, emphasis: { disabled: true } };
      return 'lines' in panel
        ? panel.lines.map((line) => ({ ...lineOf(line), ...place }))
        : panel.ranges.map((ranges) => ({ ...boxesOf(ranges), ...place }));
    }),
  };
  return { option, width: WIDTH, height: topOf(panels.length) };
}

/** How high it is above the plot. */
function headOf(panel: Panel): number {
  if (panel.heading === undefined) return GAP;
  const rows = legendRows(panel);
  return rows > 1 ? HEAD + rows * LEGEND_ROW : HEAD;
}

/** As ECharts fills them. */
function legendRows(panel: Panel): number {
  let [rows, filled] = [1, 0];
  for (const { name } of marksOf(panel)) {
    const width = LEGEND_MARK + LEGEND_GAP + widthOf(name, TEXT);
    if (filled > 0 && filled + width > INNER_WIDTH) [rows, filled] = [rows + 1, 0];
    filled += width;
  }
  return rows;
}

const marksOf = (panel: Panel) => ('lines' in panel ? panel.lines : panel.ranges);

function titleOf(text: string, subtext: string): TitleComponentOption {
  return {
    text,
    subtext,
    left: LEFT,
    top: 14,
    padding: 0,
    itemGap: 8,
    textStyle: { ...FONT, fontSize: 16, fontWeight: 'bold' },
    subtextStyle: {
      ...FONT,
      color: FAINT_INK,
      fontSize: 12,
      lineHeight: SUBTITLE_LINE,
      width: INNER_WIDTH,
      overflow: 'break',
    },
    backgroundColor: 'transparent',
  };
}

function headingOf(text: string, top: number): TitleComponentOption {
  const textStyle = { ...FONT, fontSize: 13, fontWeight: 'bold' } as const;
  return { text, left: LEFT, top: top + 6, padding: 0, textStyle, backgroundColor: 'transparent' };
}

/** One line needs none, because the heading names it. */
function legendOf(panel: Panel, top: number): LegendComponentOption {
  const marks = marksOf(panel);
  return {
    show: marks.length > 1,
    data: marks.map(({ name, colour, ...mark }) =>
      'isFilled' in mark && mark.isFilled
        ? {
            name,
            icon: 'rect',
            itemStyle: { color: tinted(COLOURS[colour]), borderColor: COLOURS[colour], borderWidth: 2, opacity: 1 },
          }
        : { name },
    ),
    ...(legendRows(panel) > 1 ? { left: LEFT, right: RIGHT, top: top + HEAD } : { right: RIGHT, top: top + 4 }),
    padding: 0,
    itemGap: LEGEND_GAP,
    selectedMode: false,
    backgroundColor: 'transparent',
    textStyle: { ...FONT, fontSize: 12 },
    // Of a line the line alone, without the dot that ECharts puts on it.
    ...('lines' in panel ? { itemWidth: LEGEND_MARK, itemStyle: { opacity: 0 } } : { itemWidth: 14 }),
  };
}

/** `#1a7f37` as ECharts takes it with an opacity. */
function tinted(colour: string): string {
  return `${colour}${Math.round(TINT * 255).toString(16)}`;
}

function titled(title: string) {
  return {
    name: title,
    nameLocation: 'middle',
    nameTextStyle: { ...FONT, fontSize: 12 },
    axisTick: { lineStyle: { color: AXIS } },
  } as const;
}

function numberAxis({ title, least, most, interval, wholeNumbers, shown }: Axis) {
  // The end of an axis has a label where it falls on one; ECharts would squeeze one in.
  const isLabel = (value: number) => interval === undefined || Number.isInteger(value / interval);
  const formatter = shown && ((value: number) => (isLabel(value) ? shown(value) : ''));
  return {
    ...titled(title),
    type: 'value',
    ...(least === undefined ? { boundaryGap: ROOM } : { min: least }),
    ...(most === undefined ? {} : { max: most }),
    ...(interval === undefined ? {} : { interval }),
    ...(wholeNumbers ? { minInterval: 1 } : {}),
    axisLabel: { ...FONT, fontSize: 12, ...(formatter && { formatter }) },
  } as const;
}

function nameAxis({ title, names }: NameAxis) {
  return { ...titled(title), type: 'category' as const, data: [...names], axisLabel: { ...FONT, fontSize: 12 } };
}

function lineOf({ name, colour, isDashed, isFilled, step, points }: Line): LineSeriesOption {
  const color = COLOURS[colour];
  return {
    type: 'line',
    name,
    data: points.map(([x, y]) => [x, y]),
    showSymbol: false,
    step: step === undefined ? false : step === 'until' ? 'start' : 'end',
    lineStyle: { color, width: 2, type: isDashed ? [6, 4] : 'solid' },
    itemStyle: { color },
    ...(isFilled ? { areaStyle: { color, opacity: TINT } } : {}),
  };
}

function boxesOf({ name, colour, ranges }: Ranges): BoxplotSeriesOption {
  const color = COLOURS[colour];
  return {
    type: 'boxplot',
    name,
    // ECharts asks for five figures: the box takes the place of the whiskers.
    data: ranges.map(([least, median, most]) => [least, least, median, most, most]),
    boxWidth: [8, 20],
    itemStyle: { color: GROUND, borderColor: color, borderWidth: 2 },
  };
}
