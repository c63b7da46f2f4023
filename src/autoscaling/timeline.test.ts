import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { clockOf, timeline } from './timeline.ts';

const MOMENT = {
  loadCores: 1,
  deliveredCores: 0.5,
  utilization: 100,
  wanted: 4,
  replicas: 2,
  readyReplicas: 2,
  limitedBy: null,
};

describe('the timeline', () => {
  it('draws four lines over the whole time, and escapes its title', () => {
    const moments = [15, 30, 45].map((atSeconds) => ({ ...MOMENT, atSeconds }));
    const picture = timeline(moments, 'a < b & "c"');
    assert.equal(picture.match(/<path class="(asked|burnt)"/g)?.length, 4);
    assert.match(picture, /a &lt; b &amp; &quot;c&quot;/);
    assert.doesNotMatch(picture, /NaN|undefined/);
  });

  it('writes minutes and seconds', () => {
    assert.deepEqual([0, 15, 75, 600].map(clockOf), ['0:00', '0:15', '1:15', '10:00']);
  });
});
