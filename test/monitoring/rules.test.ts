/** The rules in monitoring/: promtool takes them, every alert has its tests and its page, and they name metrics that exist. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { hasTool } from '#test/support/tool.ts';
import { rows } from '../../tools/dashboard.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const RULES = `${ROOT}/monitoring/prometheus/rules.yaml`;
const TESTS = `${ROOT}/monitoring/prometheus/rules.test.yaml`;

type Rule = {
  readonly alert?: string;
  readonly record?: string;
  readonly expr: string;
  readonly labels?: { readonly severity?: string };
  readonly annotations?: Readonly<Record<string, string>>;
};

const read = (file: string) => readFileSync(file, 'utf8');
const all = (parse(read(RULES)) as { groups: { rules: Rule[] }[] }).groups.flatMap(({ rules }) => rules);
const alerts = all.filter(({ alert }) => alert !== undefined);

/** Names of metrics in an expression; what stands in braces, brackets or quotes is none. */
function metricsOf(expression: string): string[] {
  const bare = expression.replaceAll(/\{[^}]*\}|\[[^\]]*\]|"[^"]*"|\b(by|on|offset)\b\s*(\([^)]*\)|\w+)/g, ' ');
  return (bare.match(/[a-zA-Z_:][\w:]*/g) ?? []).filter((name) => name.includes('_') || name.includes(':'));
}

describe('the rules', () => {
  it('are right for promtool, and fire exactly when their tests say', (test) => {
    if (!hasTool(test, 'promtool')) return;
    for (const args of [
      ['check', 'rules', '--lint-fatal', RULES],
      ['test', 'rules', TESTS],
    ]) {
      const { status, stdout, stderr } = spawnSync('promtool', args, { encoding: 'utf8' });
      assert.equal(status, 0, stdout + stderr);
    }
  });

  it('turn red where a threshold is moved: the tests can fail', (test) => {
    if (!hasTool(test, 'promtool')) return;
    const original = read(RULES);
    for (const [from, to] of [
      ['14.4 * 0.001', '144 * 0.001'],
      ['ratio_rate5m > 0.25', 'ratio_rate5m > 0.75'],
      ['working_set:ratio > 0.9', 'working_set:ratio > 0.8'],
      ['[30m]) >= 3', '[30m]) >= 1'],
    ] as const) {
      assert.ok(original.includes(from), from);
      const { status } = spawnSync(
        'sh',
        [
          '-c',
          'd=$(mktemp -d) && cat > "$d/rules.yaml" && cp "$0" "$d/t.yaml" && promtool test rules "$d/t.yaml"; r=$?; rm -r "$d"; exit $r',
          TESTS,
        ],
        { input: original.replaceAll(from, to) },
      );
      assert.notEqual(status, 0, `${from} -> ${to} was not noticed`);
    }
  });

  it('have a severity, a summary, a page in docs/runbook and a test that sees them fire', () => {
    const tests = read(TESTS);
    for (const { alert = '', labels, annotations = {} } of alerts) {
      assert.match(labels?.severity ?? '', /^(critical|warning|info)$/, alert);
      assert.ok(annotations['summary'] && annotations['description'], alert);
      const page = annotations['runbook'] ?? '';
      assert.ok(existsSync(`${ROOT}/${page}`), `${alert}: ${page}`);
      assert.ok(read(`${ROOT}/${page}`).includes(`\`${alert}\``), `${page} does not name ${alert}`);
      assert.ok(tests.includes(alert), `${alert} has no test`);
    }
  });

  it('name metrics that SkyOps has, as the dashboard does', () => {
    const page = read(`${ROOT}/docs/reference/metrics.md`);
    const known = new Set([
      ...[...page.matchAll(/^\| `([^`]+)` \| (\w+)/gm)].flatMap(([, name = '', type]) =>
        type === 'histogram' ? ['_bucket', '_sum', '_count'].map((suffix) => name + suffix) : [name],
      ),
      ...all.flatMap(({ record }) => record ?? []),
      'kube_horizontalpodautoscaler_status_current_replicas',
      'kube_horizontalpodautoscaler_spec_max_replicas',
    ]);
    const functions = /^(histogram_quantile|min_over_time)$/;
    const expressions = [
      ...all.map(({ expr }) => expr),
      ...rows.flatMap(({ panels }) => panels.flatMap(({ queries }) => queries.map(({ expr }) => expr))),
    ];
    for (const expression of expressions) {
      for (const name of metricsOf(expression)) {
        if (!functions.test(name)) assert.ok(known.has(name), `${name} in ${expression}`);
      }
    }
  });
});
