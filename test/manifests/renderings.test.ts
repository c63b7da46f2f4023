/** Every rendering of manifests and chart: of the right types, without unknown fields, and fit for a locked-down cluster; every rule can fail. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Manifest, renderings } from './support/renderings.ts';
import { OPENSHIFT_RULES, RULES } from './support/rules.ts';

const TOOLS = new URL('../../tools/kubernetes/package.json', import.meta.url);
const PACKAGES: Readonly<Record<string, string>> = {
  'gateway.networking.k8s.io': '@kubernetes-models/gateway-api',
  'keda.sh': '@kubernetes-models/keda',
  'monitoring.coreos.com': '@kubernetes-models/prometheus-operator',
};
/** Nobody has a package for it; a rule looks at its fields instead. */
const hasTypes = ({ apiVersion }: Manifest) => !apiVersion.startsWith('route.openshift.io/');
const all = renderings();

/** `apps/v1` of Kubernetes itself is `kubernetes-models/apps/v1`; others have packages of their own. */
function modelOf({ apiVersion, kind }: Manifest): string {
  const [group = ''] = apiVersion.includes('/') ? apiVersion.split('/') : [];
  return `${PACKAGES[group] ?? 'kubernetes-models'}/${apiVersion}/${kind}`;
}

/** Excess properties of a literal are errors for the type checker: unknown fields, at any depth. */
function unknownFields(manifests: readonly Manifest[]): string {
  const folder = mkdtempSync(fileURLToPath(new URL('node_modules/.strict-', TOOLS)));
  try {
    const lines = manifests.flatMap((manifest, index) => [
      `import type { I${manifest.kind} as Kind${index} } from '${modelOf(manifest)}';`,
      `export const manifest${index} = ${JSON.stringify(manifest)} satisfies Kind${index};`,
    ]);
    writeFileSync(`${folder}/manifests.ts`, lines.join('\n'));
    const options = ['--noEmit', '--strict', '--skipLibCheck', '--module', 'nodenext', '--types', '', '--ignoreConfig'];
    return spawnSync('tsc', [...options, 'manifests.ts'], { cwd: folder, encoding: 'utf8' }).stdout;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe('every rendering', () => {
  for (const { name, manifests, platform } of all) {
    it(`${name}: has the types and required fields of Kubernetes and of the kinds that others define`, async () => {
      for (const manifest of manifests.filter(hasTypes)) {
        // A package for ES modules only, and not one of ours: Node resolves it from its own folder's file, not from here.
        const model = await import(new URL(`node_modules/${modelOf(manifest)}.js`, TOOLS).href);
        const Model = model[manifest.kind] as new (data: unknown) => { validate(): void };
        assert.doesNotThrow(() => new Model(manifest).validate(), `${manifest.kind}/${manifest.metadata.name}`);
      }
    });

    it(`${name}: keeps every rule of a locked-down cluster`, () => {
      const rules = [
        ...RULES.filter(({ notOn }) => notOn === undefined || notOn !== platform),
        ...(platform === 'openshift' ? OPENSHIFT_RULES : []),
      ];
      for (const rule of rules) assert.deepEqual(rule.broken(manifests), [], rule.name);
    });
  }

  it('has no field that Kubernetes, or whoever defines the kind, does not know', () => {
    assert.equal(unknownFields(all.flatMap(({ manifests }) => manifests.filter(hasTypes))), '');
    const [deployment] = all.flatMap(({ manifests }) => manifests).filter(({ kind }) => kind === 'Deployment');
    const [monitor] = all.flatMap(({ manifests }) => manifests).filter(({ kind }) => kind === 'ServiceMonitor');
    const misspelt = structuredClone([deployment, monitor]) as Manifest[];
    if (misspelt[0] !== undefined) misspelt[0].spec.template.spec.containers[0].imagge = 'x';
    if (misspelt[1] !== undefined) misspelt[1].spec.endpoints[0].scrapeProtocols = ['x'];
    const found = unknownFields(misspelt);
    assert.match(found, /imagge/);
    assert.match(found, /scrapeProtocols/);
  });
});

describe('every rule', () => {
  const plain = all[0]?.manifests ?? [];
  const openShift = all.find(({ platform }) => platform === 'openshift')?.manifests ?? [];
  const starts = [
    ...RULES.map((rule) => ({ rule, plain })),
    ...OPENSHIFT_RULES.map((rule) => ({ rule, plain: openShift })),
  ];
  for (const { rule, plain: start } of starts) {
    const { name, mutants, broken, standsFor } = rule;
    it(`can fail: ${name}`, () => {
      assert.ok(standsFor !== '' && mutants.length > 0);
      for (const [index, mutate] of mutants.entries()) {
        const copy = structuredClone(start) as Manifest[];
        mutate(copy);
        assert.ok(broken(copy).length > 0, `mutant ${index + 1} passes`);
      }
    });
  }

  it('has mutants, at least 100 of them together', (test) => {
    const count = RULES.reduce((sum, { mutants }) => sum + mutants.length, 0);
    test.diagnostic(`${RULES.length} rules, ${count} mutants`);
    assert.ok(count >= 100, `${count}`);
  });
});
