import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, it } from 'node:test';
import type { Moment } from '#autoscaling/forecast.ts';
import { draw } from '#picture/draw.ts';
import { blackSquares, readPng } from '#test/support/png.ts';
import { hasTool } from '#test/support/tool.ts';
import { forecastPicture } from './forecast-picture.ts';

const MOMENT: Moment = {
  atSeconds: 15,
  loadCores: 1,
  deliveredCores: 0.5,
  utilization: 100,
  averageCores: null,
  wanted: 4,
  replicas: 3,
  readyReplicas: 2,
  limitedBy: null,
};
const MOMENTS = [15, 30, 45, 60].map((atSeconds) => ({ ...MOMENT, atSeconds }));
const PARTS = { moments: MOMENTS, startReplicas: 2, seconds: 60, summary: 'a < b & "c"' };

/** The name and the points of each line, panel by panel. */
const linesOf = (parts: Parameters<typeof forecastPicture>[0]) =>
  forecastPicture(parts).panels.map((panel) =>
    'lines' in panel ? panel.lines.map(({ name, points }) => [name, points]) : [],
  );
const toPng = (svg: string) => readPng(execFileSync('rsvg-convert', { input: svg, maxBuffer: 2 ** 26 }));

describe('the picture of a forecast', () => {
  it('shows what was so until a moment, and what is decided from that moment on', () => {
    assert.deepEqual(linesOf(PARTS), [
      [
        [
          'delivered',
          [
            [0, 0.5],
            [60, 0.5],
          ],
        ],
        [
          'asked',
          [
            [0, 1],
            [60, 1],
          ],
        ],
      ],
      [
        [
          'ready',
          [
            [0, 2],
            [60, 2],
          ],
        ],
        [
          'present',
          [
            [0, 2],
            [15, 3],
            [60, 3],
          ],
        ],
        [
          'wanted',
          [
            [15, 4],
            [60, 4],
          ],
        ],
      ],
    ]);
  });

  it('keeps each bend of a line, and no moment at which it just goes on', () => {
    const moments = [1, 1, 1, 2, 2, 2, 1].map((loadCores, index) => ({
      ...MOMENT,
      atSeconds: 15 * (index + 1),
      loadCores,
    }));
    const [[, asked = []] = []] = linesOf({ ...PARTS, moments, seconds: 105 });
    assert.deepEqual(asked[1], [
      [0, 1],
      [45, 1],
      [60, 2],
      [90, 2],
      [105, 1],
    ]);
  });

  it('says how many are wanted where that would make everything else flat', () => {
    const moments = MOMENTS.map((moment) => ({ ...moment, wanted: 4000 }));
    const [, replicas] = forecastPicture({ ...PARTS, moments }).panels;
    assert.equal(replicas?.y.most, 9);
    assert.match(draw(forecastPicture({ ...PARTS, moments })), />wanted \(up to 4000\)</);
  });

  it('draws five lines, two of them dashed, with axis titles and no style sheet', () => {
    const svg = draw(forecastPicture(PARTS));
    assert.doesNotMatch(svg, /<style|class=|NaN|undefined/);
    for (const text of ['CPU (cores)', 'replicas (count)', 'time (minutes:seconds)', 'a &lt; b &amp; &quot;c&quot;'])
      assert.ok(svg.includes(`>${text}<`), text);
    const lines = [...svg.matchAll(/<g clip-path="[^"]*">\n<path [^>]*fill="none" stroke="[^>]*>/g)].map(
      ([each]) => each,
    );
    assert.equal(lines.length, 5);
    assert.equal(lines.filter((line) => line.includes('stroke-dasharray')).length, 2);
  });

  it('has no black area in a renderer without style sheets', (test) => {
    if (!hasTool(test, 'rsvg-convert')) return;
    const svg = draw(forecastPicture(PARTS));
    assert.equal(blackSquares(toPng(svg)), 0);
    // What only a style sheet would keep from being filled is seen.
    const unstyled = svg.replace('</svg>', '<path d="M80 100H400V200"/></svg>');
    assert.ok(blackSquares(toPng(unstyled)) > 50);
  });
});
