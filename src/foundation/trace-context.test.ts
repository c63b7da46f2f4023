import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { newSpanId, newTraceId, parseTraceparent, traceparentOf } from './trace-context.ts';

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
