/** Whatever touches a request is in the one catalog, or named there with its reason. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { elsewhere, hooks } from '#http/hooks/catalog.ts';

const HTTP = fileURLToPath(new URL('../../src/http', import.meta.url));
const EVENTS = 'request|checkContinue|checkExpectation|connect|connection|upgrade|clientError';
/** Fastify's ways to run something for a request, and the events by which Node hands one over. */
const TOUCHES = new RegExp(
  [
    String.raw`addHook\(\s*'(?:onRequest|preParsing|preValidation|preHandler|preSerialization|onSend|onResponse|onError|onTimeout|onRequestAbort)'`,
    String.raw`\.on\('(?:${EVENTS})'`,
    'setErrorHandler|setNotFoundHandler|frameworkErrors|clientErrorHandler|addContentTypeParser|setValidatorCompiler|buildValidator',
    String.raw`\b(?:ServerResponse|headersTimeout|preParsing)\b(?=[^;]*(?:extends|get:|=))`,
  ].join('|'),
);

describe('the way of a request', () => {
  it('names every file that touches one', () => {
    const named = [
      ...hooks.map(({ name }) => `hooks/${name}.ts`),
      ...elsewhere.flatMap(({ where }) => where.match(/[\w/-]+\.ts/g) ?? []),
      // The walk itself.
      'hooks/catalog.ts',
    ];
    const touching = globSync('**/*.ts', { cwd: HTTP, exclude: ['**/*.test.ts', '**/*.d.ts'] }).filter((file) =>
      TOUCHES.test(readFileSync(`${HTTP}/${file}`, 'utf8')),
    );
    assert.ok(touching.length >= 6, String(touching));
    assert.deepEqual(
      touching.filter((file) => !named.includes(file)),
      [],
    );
  });

  it('has each hook under the name of its file', () => {
    const files = globSync('hooks/*.ts', { cwd: HTTP, exclude: ['**/*.test.ts'] }).map((file) => basename(file, '.ts'));
    const names = hooks.map(({ name }) => name);
    assert.deepEqual(names.toSorted(), files.filter((name) => !['catalog', 'hook'].includes(name)).toSorted());
  });
});
