import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseStrictJson, RefusedRequest } from './json-body.ts';

const bytes = (text: string) => Buffer.from(text, 'utf8');

describe('the strict JSON parser', () => {
  it('reads what JSON.stringify writes, whatever it is', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        assert.deepEqual(parseStrictJson(bytes(JSON.stringify(value, null, 1))), JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it('takes an empty body as an empty object', () => {
    assert.deepEqual(parseStrictJson(bytes('')), {});
  });

  for (const [what, body] of [
    ['a key that stands twice', bytes('{"a":1,"a":2}')],
    ['a key that stands twice, once escaped', bytes('{"a":1,"\\u0061":2}')],
    ['a key that stands twice deeper down', bytes('[{"x":{"b":[],"b":{}}}]')],
    ['a byte order mark', Buffer.from([0xef, 0xbb, 0xbf, 0x7b, 0x7d])],
    ['bytes that are not UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])],
    ['half an object', bytes('{"a":')],
    ['two texts', bytes('{}{}')],
    ['NaN', bytes('{"a":NaN}')],
  ] as const) {
    it(`refuses ${what}`, () => {
      assert.throws(
        () => parseStrictJson(body),
        (error) => error instanceof RefusedRequest && error.refusal.code === 'malformed-json',
      );
    });
  }

  it('does not mistake the same key in two objects, or a text with braces, for a duplicate', () => {
    const text = '{"a":{"b":1},"c":{"b":2,"x":"{\\"b\\":1,\\"b\\":2}"},"d":["b","b"]}';
    assert.deepEqual(parseStrictJson(bytes(text)), JSON.parse(text));
  });
});
