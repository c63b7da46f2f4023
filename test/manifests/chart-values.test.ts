/** What is said of the chart's values: by helm-docs, by the schema and on the chart's page, for each of them. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { isMap, isScalar, type Pair, parseDocument, type YAMLMap } from 'yaml';
import { CHART } from './support/renderings.ts';

const read = (name: string) => readFileSync(`${CHART}/${name}`, 'utf8');
const values = parseDocument(read('values.yaml'));
/** The rows of the table, each with its cells as GitHub splits them: at every bar that has no backslash before it. */
const rows = read('README.md')
  .split('\n')
  .filter((line) => line.startsWith('| `'))
  .map((line) => line.split(/(?<!\\)\|/).map((cell) => cell.trim()));

describe('the values of the chart', () => {
  it('have a row each on the page, with a name, a default and a meaning that GitHub shows', () => {
    assert.ok(rows.length > 60);
    for (const cells of rows) {
      assert.equal(cells.length, 5, cells.join(' | '));
      const [, name = '', fallback = '', meaning = ''] = cells;
      assert.match(name, /^`[\w.]+`$/);
      assert.match(fallback, /^`.+`$/, name);
      assert.ok(meaning.length > 10, name);
      assert.doesNotMatch(meaning, /^--/, name);
    }
  });

  it('are described where they stand, in the way that helm-docs reads', () => {
    const documented = [...read('values.yaml').matchAll(/^ *# -- .+\n(?: *# .+\n)*( *)(\w+):/gm)].map(
      ([, indent = '', name]) => `${indent.length}:${name}`,
    );
    assert.equal(documented.length, rows.length);
    assert.ok(isMap(values.contents));
    const topLevel = (values.contents as YAMLMap).items as Pair[];
    for (const { key } of topLevel) {
      const name = isScalar(key) ? String(key.value) : '';
      const isLeaf = rows.some(([, cell]) => cell === `\`${name}\``);
      if (isLeaf) assert.ok(documented.includes(`0:${name}`), name);
    }
  });
});
