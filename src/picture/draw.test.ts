import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { draw } from './draw.ts';
import type { Picture } from './picture.ts';

const PICTURE: Picture = {
  title: 'a < b & "c"',
  subtitle: 'style="d:e" class=\'zr0-x\'',
  description: '<script>f()</script>',
  panels: [
    {
      heading: 'g > h',
      x: { title: 'time (seconds)', least: 0, most: 10, interval: 4, shown: (at) => `${at} s` },
      y: { title: 'CPU (cores)', least: 0 },
      lines: [
        {
          name: 'i & j',
          colour: 'blue',
          step: 'from',
          points: [
            [0, 1],
            [10, 2],
          ],
        },
        {
          name: 'k',
          colour: 'amber',
          isDashed: true,
          isFilled: true,
          points: [
            [0, 2],
            [10, 3],
          ],
        },
      ],
    },
    {
      x: { title: 'asked (millicores)', names: ['l<', 'm'] },
      y: { title: 'error (%)' },
      ranges: [
        {
          name: 'n',
          colour: 'green',
          ranges: [
            [-1, 0, 2],
            [3, 3, 3],
          ],
        },
      ],
    },
  ],
};

describe('a drawn picture', () => {
  it('is the same bytes for the same values, however many were drawn before', () => {
    assert.equal(draw(PICTURE), draw(PICTURE));
  });

  it('needs no style sheet, script, class or inline style, and leaves nothing black', () => {
    const svg = draw(PICTURE);
    assert.doesNotMatch(svg, /<style|<script|<image|<foreignObject| class="| style="| on\w+="|href="/);
    assert.doesNotMatch(svg, /NaN|undefined|#000"|rgb\(0,0,0\)|dominant-baseline|zr\d+-c/);
    for (const [shape] of svg.matchAll(/<(?:path|rect|text)[^>]*>/g)) assert.match(shape, / fill="/);
    assert.match(svg, /<rect width="800" height="\d+" x="0" y="0" fill="#ffffff">/);
  });

  it('escapes every text, and says in words what it shows', () => {
    const svg = draw(PICTURE);
    assert.match(svg, /role="img" aria-label="a &lt; b &amp; &quot;c&quot;. &lt;script&gt;f\(\)&lt;\/script&gt;"/);
    for (const text of ['>a &lt; b &amp; &quot;c&quot;<', '>g &gt; h<', '>i &amp; j<', '>l&lt;<'])
      assert.ok(svg.includes(text), text);
    // What looks like an attribute in a text stays a text.
    assert.ok(svg.includes('style=&quot;d:e&quot; class=&#39;zr0-x&#39;'));
  });

  it('has a title with its unit on each axis, and labels at its intervals alone', () => {
    const svg = draw(PICTURE);
    for (const title of ['time (seconds)', 'CPU (cores)', 'asked (millicores)', 'error (%)'])
      assert.ok(svg.includes(`>${title}<`), title);
    assert.deepEqual(
      [...svg.matchAll(/>(\d+ s)</g)].map(([, label]) => label),
      ['0 s', '4 s', '8 s'],
    );
  });
});
