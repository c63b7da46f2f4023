import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { requestIdOf } from './request-id.ts';

const UUID = /^[0-9a-f]{32}$/;
const idFor = (...given: string[]) =>
  requestIdOf({ headers: given.length === 0 ? {} : { 'x-request-id': given.join(', ') } });

describe('the request id', () => {
  it('is the caller’s if it is well formed', () => {
    for (const id of ['abcdefgh', '4bf92f3577b34da6a3ce929d0e0e4736', 'a.b_c-D9', 'x'.repeat(64)]) {
      assert.equal(idFor(id), id);
    }
  });

  it('is a new one if the caller sends none, an ill-formed one, or two', () => {
    for (const given of [
      [],
      ['short'],
      ['seven77'],
      ['x'.repeat(10_000)],
      ['../../etc/passwd'],
      ['$' + '{jndi:ldap://x/a}'],
      ['abcdefgh%0d%0aSet-Cookie: a'],
      ['abcdefgh;'],
      ['"abcdefgh"'],
      ['\u00e4bcdefgh'],
      ['abcdefgh\u0000'],
      ["' OR 1=1 -- "],
      ['abc\u202edefgh'],
      ['abcdefgh\u001b[2J'],
      ['x'.repeat(65)],
      ['with space!'],
      ['<script>alert'],
      ['abc\u009bdefgh'],
      ['', ''],
    ]) {
      assert.match(idFor(...given), UUID);
    }
    assert.match(idFor('abcdefgh', 'abcdefgh'), UUID);
    assert.notEqual(idFor(), idFor());
  });
});
