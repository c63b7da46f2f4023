import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parsePrefer, preferenceApplied } from './prefer.ts';

describe('the Prefer header', () => {
  for (const [header, respondAsync, waitSeconds] of [
    [undefined, false, undefined],
    ['respond-async', true, undefined],
    ['Respond-Async, wait=10', true, 10],
    ['wait="5"; foo', false, 5],
    ['wait=3, wait=9', false, 3],
    ['wait=-1', false, undefined],
    ['wait=1e9', false, undefined],
    ['wait', false, undefined],
    // The grammar of RFC 7240: white space, quotes with what would part the list outside of them, parameters, empty elements.
    ['respond-async, wait=10', true, 10],
    ['respond-async;foo=bar;baz, wait = 10 ; x="a,b"', true, 10],
    ['foo="a, wait=5", wait=10', false, 10],
    ['foo="a\\", wait=5", wait=10', false, 10],
    ['x; wait=5, wait=10', false, 10],
    [', ,respond-async,', true, undefined],
    ['wait=10;respond-async', false, 10],
    ['return=minimal, code=200, wait="\\7"', false, 7],
    ['respond-async=""', true, undefined],
    ['norespond-async, await=5', false, undefined],
    ['foo="unclosed, wait=5', false, 5],
    ['handling=lenient, ,;=', false, undefined],
  ] as const) {
    it(`reads ${JSON.stringify(header) ?? 'nothing'}`, () => {
      assert.deepEqual(parsePrefer(header), { respondAsync, waitSeconds });
    });
  }

  it('is applied as far as it has shaped the answer', () => {
    const both = parsePrefer('respond-async, wait=10');
    assert.equal(preferenceApplied(both, true), 'wait=10');
    assert.equal(preferenceApplied(both, false), 'respond-async, wait=10');
    assert.equal(preferenceApplied(parsePrefer('respond-async'), false), 'respond-async');
    assert.equal(preferenceApplied(parsePrefer('wait=3'), true), 'wait=3');
    assert.equal(preferenceApplied(parsePrefer('return=minimal'), true), undefined);
  });
});
