/** The README's commands work as printed, its answers are those that come, and no document links into the void. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startOwnProcess } from '#test/support/own-process.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** `$ command` and the lines that follow it, from the console blocks. */
function consoleSessions(markdown: string): { command: string; printed: string }[] {
  const blocks = [...markdown.matchAll(/^```console\n(.*?)^```$/gms)].map(([, block = '']) => block);
  return blocks.flatMap((block) =>
    block
      .split(/^\$ /m)
      .slice(1)
      .map((session) => {
        const [command = '', ...printed] = session.split('\n');
        return { command, printed: printed.join('\n').trim() };
      }),
  );
}

/** What an answer promises without its figures: the fields and the types, and the words that are always the same. */
function formOf(text: string): unknown {
  try {
    return form(JSON.parse(text));
  } catch {
    const named = text.replace(/sim-[0-9a-f]{16}/g, 'sim-…');
    // A table of figures: its words stay, its figures and the widths of its columns do not.
    return /^requested /m.test(named) ? named.replace(/[\d.]+/g, 'N').replace(/ +/g, ' ') : named;
  }
}

const CHANGING = /^(id|replica|request_id|commit|version|.*_at|.*seconds|.*bytes|cores|accuracy|ratio|limited_by)$/;

function form(value: unknown, key = ''): unknown {
  if (Array.isArray(value))
    return key === 'samples' ? value.slice(0, 1).map((item) => form(item)) : value.map((item) => form(item));
  if (value !== null && typeof value === 'object') {
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, form(item, name)]));
  }
  return CHANGING.test(key) ? 'changes' : value;
}

describe('the documents', () => {
  it('the README’s commands work as printed and answer as it shows', { timeout: 90_000 }, async (test) => {
    const { url } = await startOwnProcess(test);
    const sessions = consoleSessions(readFileSync(`${ROOT}/README.md`, 'utf8'));
    assert.ok(sessions.length > 10);
    for (const { command, printed } of sessions) {
      const { stdout, stderr } = spawnSync(
        'bash',
        ['--norc', '-c', command.replaceAll('localhost:8001', new URL(url).host)],
        {
          cwd: ROOT,
          encoding: 'utf8',
          env: { PATH: process.env['PATH'] ?? '' },
        },
      );
      const answer = stdout + stderr;
      assert.deepEqual(formOf(answer.trim()), formOf(printed), command);
    }
  });

  it('every relative link leads to a file', () => {
    const pages = ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md'];
    for (const folder of ['docs/decisions', 'docs/reference']) {
      pages.push(
        ...readdirSync(join(ROOT, folder))
          .filter((name) => name.endsWith('.md'))
          .map((name) => join(folder, name)),
      );
    }
    for (const page of pages) {
      for (const [, target = ''] of readFileSync(join(ROOT, page), 'utf8').matchAll(/\]\(([^)#]+)[^)]*\)/g)) {
        if (/^https?:/.test(target)) continue;
        assert.ok(existsSync(join(ROOT, dirname(page), target)), `${page} links ${target}`);
      }
    }
  });

  it('every requirement stands in the table once, with what shows it', () => {
    const page = readFileSync(join(ROOT, 'docs/reference/requirements.md'), 'utf8');
    const rows = [...page.matchAll(/^\| R(\d+) \| (.+) \| (\w+) \| (.+) \|$/gm)];
    const numbers = rows.map(([, number]) => Number(number));
    const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index);
    assert.deepEqual(numbers, [...range(1, 67), ...range(138, 150)]);
    for (const [row, , , state = '', shown = ''] of rows) {
      assert.ok(['kept', 'otherwise', 'open'].includes(state), row);
      assert.match(shown, state === 'kept' ? /\.ts\)/ : /0010-reliability\.md/, row);
    }
  });

  it('ARCHITECTURE.md names every dependency and every room', () => {
    const architecture = readFileSync(`${ROOT}/ARCHITECTURE.md`, 'utf8');
    const { dependencies, devDependencies } = JSON.parse(readFileSync(`${ROOT}/package.json`, 'utf8'));
    for (const name of Object.keys({ ...dependencies, ...devDependencies }))
      assert.ok(architecture.includes(name), name);
    for (const entry of readdirSync(`${ROOT}/src`, { withFileTypes: true })) {
      assert.ok(
        architecture.includes(entry.isDirectory() ? `\`${entry.name}/\`` : `\`src/${entry.name}\``),
        entry.name,
      );
    }
  });
});
