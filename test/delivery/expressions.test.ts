/** No regular expression of src/ can be made slow by what is matched against it (requirement R55). */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parseSync, Visitor } from 'oxc-parser';

const SOURCES = fileURLToPath(new URL('../../src', import.meta.url));

type Expression = { readonly source: string; readonly flags: string; readonly place: string };
type Verdict = {
  readonly status: 'safe' | 'vulnerable' | 'unknown';
  readonly complexity?: { readonly summary: string };
};

/**
 * The first two make theirs from patterns that are looked at here too; the third puts `some` or `full` before a literal, for a file of
 * the kernel.
 */
const MAKE_EXPRESSIONS = ['foundation/quantity.ts', 'operations/idempotency.ts', 'usage/readers/cgroup.ts'];

function expressionsOf(file: string): { expressions: Expression[]; makes: boolean } {
  const expressions: Expression[] = [];
  let makes = false;
  const text = readFileSync(join(SOURCES, file), 'utf8');
  const { program, errors } = parseSync(file, text);
  assert.deepEqual(errors, []);
  const patternIn = (name: string, value: unknown) => {
    if (typeof value === 'string' && /pattern$/i.test(name))
      expressions.push({ source: value, flags: 'u', place: file });
  };
  new Visitor({
    Literal: (node) => {
      if ('regex' in node) expressions.push({ source: node.regex.pattern, flags: node.regex.flags, place: file });
    },
    // Those of schemas, for Ajv, which compiles them as Unicode.
    Property: ({ key, value }) => {
      if (key.type === 'Identifier' && value.type === 'Literal') patternIn(key.name, value.value);
    },
    VariableDeclarator: ({ id, init }) => {
      if (id.type === 'Identifier' && init?.type === 'Literal') patternIn(id.name, init.value);
    },
    NewExpression: ({ callee }) => {
      if (callee.type === 'Identifier' && callee.name === 'RegExp') makes = true;
    },
  }).visit(program);
  return { expressions, makes };
}

function loadChecker(): (source: string, flags: string) => Verdict {
  // Read when it is loaded: the form in JavaScript, the only one that is installed.
  process.env['RECHECK_SYNC_BACKEND'] = 'pure';
  const require = createRequire(new URL('../../tools/expressions/package.json', import.meta.url));
  const { checkSync } = require('recheck') as {
    checkSync: (source: string, flags: string, options: { timeout: number }) => Verdict;
  };
  return (source, flags) => checkSync(source, flags, { timeout: 20_000 });
}

describe('the regular expressions of src/', () => {
  const check = loadChecker();
  const files = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' }).filter((file) =>
    /(?<!\.test)\.ts$/.test(file),
  );
  const found = files.map((file) => ({ file, ...expressionsOf(file) }));

  it('are all linear in the length of the text', (test) => {
    const all = found.flatMap(({ expressions }) => expressions);
    assert.ok(all.length > 40, `${all.length} found`);
    const slow = all.flatMap(({ source, flags, place }) => {
      const { status, complexity } = check(source, flags);
      return status === 'safe' ? [] : [`${place}: /${source}/${flags}: ${status}, ${complexity?.summary}`];
    });
    assert.deepEqual(slow, []);
    test.diagnostic(`${all.length} expressions`);
  });

  it('are written where they can be looked at', () => {
    const makers = found.filter(({ makes }) => makes).map(({ file }) => file);
    assert.deepEqual(makers, MAKE_EXPRESSIONS);
  });

  it('would be seen if one were slow', () => {
    for (const source of ['^(a+)+$', '^([\\d.]+)(.*)$']) assert.equal(check(source, '').status, 'vulnerable', source);
  });
});
