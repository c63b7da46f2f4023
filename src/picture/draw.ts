/** Draws a picture as SVG by ECharts, without a browser. It loads ECharts: import it only when there is something to draw. */
import { BoxplotChart, LineChart } from 'echarts/charts';
import { GridComponent, LegendComponent, TitleComponent } from 'echarts/components';
import { type ECharts, format, init, setPlatformAPI, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import { lookOf, widthOf } from './look.ts';
import type { Picture } from './picture.ts';

/** @returns a document that needs no style sheet, no script and no font of its own; the same bytes for the same picture. */
export function draw(picture: Picture): string {
  use([BoxplotChart, GridComponent, LegendComponent, LineChart, SVGRenderer, TitleComponent]);
  setPlatformAPI({ measureText: (text, font = '') => ({ width: widthOf(text, font) }) });
  const { option, width, height } = lookOf(picture);
  const chart = init(null, null, { renderer: 'svg', ssr: true, width, height });
  try {
    chart.setOption(option);
    return `${standingAlone(svgOf(chart), `${picture.title}. ${picture.description}`)}\n`;
  } finally {
    chart.dispose();
  }
}

/** The chart's own renderToSVGString would add a style sheet for the pointer, and does not pass on what leaves it out. */
function svgOf(chart: ECharts): string {
  // The type of the renderer is not known to ECharts' types, the options are those of zrender's SVGPainter.
  const painter = chart.getZr().painter as unknown as {
    readonly renderToString: (options: Readonly<Record<string, boolean>>) => string;
  };
  return painter.renderToString({ cssAnimation: false, cssEmphasis: false, useViewBox: true });
}

/**
 * Presentation attributes alone, which every renderer follows. A quotation mark stands in no text of the document, because ECharts
 * escapes it there, so that what looks like an attribute is one.
 */
function standingAlone(svg: string, words: string): string {
  return (
    svg
      .replace('<svg ', `<svg role="img" aria-label="${format.encodeHTML(words)}" `)
      .replaceAll(/ style="([^"]*)"/g, (_, style: string) => attributesOf(style))
      // librsvg does not know it; a third of a letter's size does the same.
      .replaceAll(' dominant-baseline="central"', ' dy="0.35em"')
      // What has no colour of its own is black to zrender: the inside of a line, the form of a clip. Nothing of the look is.
      .replaceAll(' fill="#000"', ' fill="none"')
      // For ECharts in a browser, and the number of the chart in this process.
      .replaceAll(/ (?:ecmeta_\w+|pointer-events)="[^"]*"/g, '')
      .replaceAll(/(id="|url\(#)zr\d+-/g, '$1')
  );
}

/** `font-size:12px;font-family:sans-serif;` as ` font-size="12px" font-family="sans-serif"`. */
function attributesOf(style: string): string {
  const declarations = style.split(';').filter((each) => each.includes(':'));
  return declarations.map((each) => ` ${each.replace(':', '="')}"`).join('');
}
