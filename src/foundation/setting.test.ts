import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { choiceSetting, integerSetting, numberSetting, textSetting } from './setting.ts';

describe('a setting', () => {
  const port = integerSetting({ variable: 'SKYOPS_X', meaning: '', minimum: 0, maximum: 65_535, fallback: 1 });
  const seconds = numberSetting({ variable: 'SKYOPS_X', meaning: '', minimum: 0.1, maximum: 60, fallback: 1 });

  it('takes whole numbers inside of its range, and nothing that only looks like one', () => {
    assert.equal(port.parse('8001'), 8001);
    for (const text of ['1e3', ' 1000\n', '1_000', '1000.0', '+1000', '1.0e+03'])
      assert.equal(port.parse(text), 1000, text);
    assert.equal(port.parse('0'), 0);
    for (const text of ['65536', '-1', '1.5', '0x10', '1 1', '', '١', 'NaN', 'Infinity', '9'.repeat(400)]) {
      assert.equal(port.parse(text), undefined, text);
    }
  });

  it('takes decimal numbers inside of its range', () => {
    for (const text of ['2.5', '2.50', '25e-1']) assert.equal(seconds.parse(text), 2.5, text);
    assert.equal(seconds.parse('.5'), 0.5);
    for (const text of ['0.09', '60.1', '1e2', 'Infinity', '-0.5']) {
      assert.equal(seconds.parse(text), undefined, text);
    }
  });

  it('says what would be right', () => {
    assert.equal(port.expected, 'a whole number from 0 to 65535');
    assert.equal(seconds.expected, 'a number from 0.1 to 60');
  });

  it('takes one of its choices, spelt exactly', () => {
    const level = choiceSetting({ variable: 'SKYOPS_X', meaning: '', choices: ['debug', 'info'], fallback: 'info' });
    assert.equal(level.parse('debug'), 'debug');
    assert.equal(level.parse('DEBUG'), undefined);
    assert.equal(level.expected, 'one of debug, info');
  });

  it('takes the text that it accepts', () => {
    const name = textSetting({
      variable: 'SKYOPS_X',
      meaning: '',
      expected: '',
      accepts: (text) => text === 'a',
      fallback: null,
    });
    assert.equal(name.parse('a'), 'a');
    assert.equal(name.parse('b'), undefined);
  });
});
