import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { newSpanId, newTraceId, parseB3, parseB3Multi, parseTraceparent, traceparentOf } from './trace-context.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';

describe('traceparent', () => {
  it('is read, and written as it was read', () => {
    for (const flags of ['00', '01']) {
      const header = `00-${TRACE}-${SPAN}-${flags}`;
      const context = parseTraceparent(header);
      assert.deepEqual(context, { traceId: TRACE, spanId: SPAN, isSampled: flags === '01' });
      assert.equal(context && traceparentOf(context), header);
    }
  });

  it('is read in a later version too, whatever that adds, and with flags that are not known yet', () => {
    assert.equal(parseTraceparent(`cc-${TRACE}-${SPAN}-01-what-comes-later`)?.isSampled, true);
    assert.equal(parseTraceparent(`00-${TRACE}-${SPAN}-fe`)?.isSampled, false);
    assert.equal(parseTraceparent(`00-${TRACE}-${SPAN}-03`)?.isSampled, true);
  });

  it('counts as missing where it breaks a rule', () => {
    for (const header of [
      undefined,
      '',
      `ff-${TRACE}-${SPAN}-01`,
      `00-${'0'.repeat(32)}-${SPAN}-01`,
      `00-${TRACE}-${'0'.repeat(16)}-01`,
      `00-${TRACE.toUpperCase()}-${SPAN}-01`,
      `00-${TRACE}-${SPAN}-01-more`,
      `00-${TRACE}-${SPAN}-1`,
      `00-${TRACE}-${SPAN}-01, 00-${TRACE}-${SPAN}-01`,
      `cc-${TRACE}-${SPAN}-01more`,
      ` 00-${TRACE}-${SPAN}-01`,
    ]) {
      assert.equal(parseTraceparent(header), undefined, String(header));
    }
  });

  it('gets ids that are valid and never the same', () => {
    const ids = Array.from({ length: 2000 }, () => [newTraceId(), newSpanId()]);
    for (const [traceId, spanId] of ids) {
      assert.ok(parseTraceparent(`00-${traceId}-${spanId}-01`), `${traceId} ${spanId}`);
    }
    assert.equal(new Set(ids.flat()).size, 4000);
  });
});

describe('B3', () => {
  const LONG = '80f198ee56343ba864fe8b2a57d3eff7';
  const SPAN_ID = 'e457b5a2e4d86bd1';
  const OF_64_BITS = '64fe8b2a57d3eff7';

  it('is read from its single header', () => {
    for (const [header, traceId, isSampled] of [
      [`${LONG}-${SPAN_ID}-1`, LONG, true],
      [`${LONG}-${SPAN_ID}-0`, LONG, false],
      [`${LONG}-${SPAN_ID}-d`, LONG, true],
      // The decision is left to whoever comes next.
      [`${LONG}-${SPAN_ID}`, LONG, undefined],
      [`${LONG}-${SPAN_ID}-1-05e3ac9a4f6e3b90`, LONG, true],
      [`${LONG.toUpperCase()}-${SPAN_ID.toUpperCase()}-1`, LONG, true],
      [`${OF_64_BITS}-${SPAN_ID}-1`, OF_64_BITS.padStart(32, '0'), true],
    ] as const) {
      assert.deepEqual(parseB3(header), { traceId, spanId: SPAN_ID, isSampled }, header);
    }
  });

  it('is read from its four headers', () => {
    const ids = { traceId: LONG, spanId: SPAN_ID, sampled: undefined, flags: undefined };
    const caller = { traceId: LONG, spanId: SPAN_ID };
    assert.deepEqual(parseB3Multi(ids), { ...caller, isSampled: undefined });
    assert.deepEqual(parseB3Multi({ ...ids, sampled: '1' }), { ...caller, isSampled: true });
    assert.deepEqual(parseB3Multi({ ...ids, sampled: 'false' }), { ...caller, isSampled: false });
    assert.deepEqual(parseB3Multi({ ...ids, sampled: '0', flags: '1' }), { ...caller, isSampled: true });
  });

  it('counts as missing where it breaks a rule', () => {
    const wrong = [undefined, '', '0', '1', 'd', `${LONG}-${SPAN_ID}-2`, `${LONG}-${SPAN_ID}-1, ${LONG}-${SPAN_ID}-1`];
    for (const header of [
      ...wrong,
      `${'0'.repeat(32)}-${SPAN_ID}-1`,
      `${LONG}-${'0'.repeat(16)}-1`,
      `${LONG.slice(1)}-${SPAN_ID}`,
    ])
      assert.equal(parseB3(header), undefined, String(header));
    assert.equal(parseB3Multi({ traceId: LONG, spanId: undefined, sampled: '1', flags: undefined }), undefined);
  });
});
