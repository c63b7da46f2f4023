/** k8s/ as the real kubectl renders it: of the right types, without unknown fields, and fit for a locked-down cluster. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';
import { settings } from '#config/catalog.ts';
import { loadConfig } from '#config/load.ts';
import { kubectl } from '#test/support/kubectl.ts';

const FOLDER = fileURLToPath(new URL('../../k8s', import.meta.url));
const TOOLS = new URL('../../tools/kubernetes/package.json', import.meta.url);

type Manifest = { readonly apiVersion: string; readonly kind: string; readonly metadata: { name: string }; spec: any };

function manifestsOf(text: string): Manifest[] {
  return parseAllDocuments(text).map((document) => document.toJS());
}

const rendered = manifestsOf(kubectl('kustomize', FOLDER));

function only(kind: string): any {
  const found = rendered.filter((manifest) => manifest.kind === kind);
  assert.equal(found.length, 1, kind);
  return found[0];
}

/** `v1` is `v1`, `apps/v1` is `apps/v1`: how kubernetes-models names its modules. */
function modelOf({ apiVersion, kind }: Manifest): string {
  return `kubernetes-models/${apiVersion}/${kind}`;
}

/** Excess properties of a literal are errors for the type checker: unknown fields, at any depth. */
function unknownFields(test: TestContext, manifests: readonly Manifest[]): string {
  const folder = mkdtempSync(fileURLToPath(new URL('node_modules/.strict-', TOOLS)));
  test.after(() => rmSync(folder, { recursive: true }));
  const lines = manifests.flatMap((manifest, index) => [
    `import type { I${manifest.kind} as Kind${index} } from '${modelOf(manifest)}';`,
    `export const manifest${index} = ${JSON.stringify(manifest)} satisfies Kind${index};`,
  ]);
  writeFileSync(`${folder}/manifests.ts`, lines.join('\n'));
  const options = ['--noEmit', '--strict', '--skipLibCheck', '--module', 'nodenext', '--types', '', '--ignoreConfig'];
  return spawnSync('tsc', [...options, 'manifests.ts'], { cwd: folder, encoding: 'utf8' }).stdout;
}

describe('the manifests', () => {
  it('kubectl apply -f takes the same objects as -k, with nothing between them and the cluster', () => {
    const files = readdirSync(FOLDER).filter((name) => /\.(ya?ml|json)$/.test(name));
    const plain = files.flatMap((name) => manifestsOf(readFileSync(`${FOLDER}/${name}`, 'utf8')));
    const names = (manifests: readonly Manifest[]) =>
      manifests.map(({ kind, metadata }) => `${kind}/${metadata.name}`).toSorted();
    assert.deepEqual(names(plain), [
      'Deployment/skyops',
      'HorizontalPodAutoscaler/skyops',
      'NetworkPolicy/skyops',
      'PodDisruptionBudget/skyops',
      'Service/skyops',
      'ServiceAccount/skyops',
    ]);
    assert.deepEqual(names(rendered), names(plain));
  });

  it('have the types and the required fields of Kubernetes', async () => {
    for (const manifest of rendered) {
      // A package for ES modules only, and not one of ours: Node resolves it from its own folder's file, not from here.
      const model = await import(new URL(`node_modules/${modelOf(manifest)}.js`, TOOLS).href);
      const Model = model[manifest.kind] as new (data: unknown) => { validate(): void };
      assert.doesNotThrow(() => new Model(manifest).validate(), manifest.kind);
      const broken =
        manifest.kind === 'ServiceAccount'
          ? { ...manifest, automountServiceAccountToken: 'no' }
          : { ...manifest, spec: { ...manifest.spec, selector: 5, podSelector: 5, scaleTargetRef: 5 } };
      assert.throws(() => new Model(broken).validate(), `a wrong ${manifest.kind} is noticed`);
    }
  });

  it('have no field that Kubernetes does not know', (test) => {
    assert.equal(unknownFields(test, rendered), '');
    const misspelt = structuredClone(only('Deployment'));
    misspelt.spec.template.spec.containers[0].imagge = 'x';
    assert.match(unknownFields(test, [misspelt]), /imagge/);
  });

  it('are admitted by the restricted Pod Security Standard', () => {
    const { spec } = only('Deployment').spec.template;
    assert.equal(spec.securityContext.runAsNonRoot, true);
    assert.ok(spec.securityContext.runAsUser > 0 && spec.securityContext.runAsGroup > 0);
    assert.equal(spec.securityContext.seccompProfile.type, 'RuntimeDefault');
    for (const name of ['hostNetwork', 'hostPID', 'hostIPC', 'volumes', 'initContainers'])
      assert.equal(spec[name], undefined, name);
    assert.equal(spec.automountServiceAccountToken, false);
    for (const container of spec.containers) {
      const { securityContext, ports, livenessProbe, readinessProbe, startupProbe } = container;
      assert.equal(securityContext.allowPrivilegeEscalation, false);
      assert.equal(securityContext.readOnlyRootFilesystem, true);
      assert.deepEqual(securityContext.capabilities, { drop: ['ALL'] });
      assert.equal(securityContext.privileged, undefined);
      for (const port of ports) assert.equal(port.hostPort, undefined);
      // Since Kubernetes 1.34 the baseline standard refuses a host in a probe.
      for (const probe of [livenessProbe, readinessProbe, startupProbe]) assert.equal(probe.httpGet.host, undefined);
    }
  });

  it('probe paths that exist, on the port that the service listens on', () => {
    const [container] = only('Deployment').spec.template.spec.containers;
    assert.deepEqual(container.ports, [{ name: 'http', containerPort: settings.http.port.fallback, protocol: 'TCP' }]);
    const paths = [container.startupProbe, container.livenessProbe, container.readinessProbe].map(
      ({ httpGet }) => httpGet,
    );
    assert.deepEqual(paths, [
      { path: '/health', port: 'http' },
      { path: '/health', port: 'http' },
      { path: '/ready', port: 'http' },
    ]);
    const { ports, selector } = only('Service').spec;
    assert.equal(ports[0].port, 80);
    assert.equal(ports[0].targetPort, 'http');
    const { labels } = only('Deployment').spec.template.metadata;
    for (const [name, value] of Object.entries(selector)) assert.equal(labels[name], value);
  });

  it('set no variable that is not a declared setting, and none to a wrong value', () => {
    const [container] = only('Deployment').spec.template.spec.containers;
    const environment = Object.fromEntries(
      container.env.map(({ name, value }: { name: string; value?: string }) => [name, value ?? 'from-the-pod']),
    );
    const loaded = loadConfig(environment);
    assert.ok(loaded.ok, JSON.stringify(loaded));
    assert.equal(Object.keys(loaded.value.given).length, container.env.length);
  });

  it('leave the drain the time that it takes', () => {
    const { spec } = only('Deployment').spec.template;
    const [container] = spec.containers;
    const preStopSeconds: number = container.lifecycle.preStop.sleep.seconds;
    const { value } = container.env.find(({ name }: { name: string }) => name === 'SKYOPS_TERMINATION_GRACE_SECONDS');
    // loadConfig, above, has checked that the drain fits into this.
    assert.equal(Number(value) + preStopSeconds, spec.terminationGracePeriodSeconds);
  });

  it('let the autoscaler own the number of replicas, and give it a request to divide by', () => {
    const deployment = only('Deployment');
    const { spec } = only('HorizontalPodAutoscaler');
    assert.equal(deployment.spec.replicas, undefined);
    assert.deepEqual(spec.scaleTargetRef, {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      name: deployment.metadata.name,
    });
    const { requests, limits } = deployment.spec.template.spec.containers[0].resources;
    assert.equal(requests.cpu, '200m');
    assert.equal(requests.memory, limits.memory);
    assert.ok(limits.cpu);
  });

  it('stop no replica before another is ready', () => {
    const { rollingUpdate } = only('Deployment').spec.strategy;
    assert.equal(rollingUpdate.maxUnavailable, 0);
  });

  it('choose the pods of the Deployment wherever they choose pods', () => {
    const { labels } = only('Deployment').spec.template.metadata;
    const selectors = [
      only('Deployment').spec.selector.matchLabels,
      only('Service').spec.selector,
      only('PodDisruptionBudget').spec.selector.matchLabels,
      only('NetworkPolicy').spec.podSelector.matchLabels,
    ];
    for (const selector of selectors) {
      assert.ok(Object.keys(selector).length > 0, 'an empty selector chooses every pod');
      for (const [name, value] of Object.entries(selector)) assert.equal(labels[name], value);
    }
  });

  it('let a node be drained, one replica at a time, also where there is only one', () => {
    const { maxUnavailable, minAvailable } = only('PodDisruptionBudget').spec;
    assert.deepEqual([maxUnavailable, minAvailable], [1, undefined]);
  });

  it('give it an account of its own, and no key to the Kubernetes API', () => {
    const account = only('ServiceAccount');
    const { serviceAccountName, automountServiceAccountToken } = only('Deployment').spec.template.spec;
    assert.equal(serviceAccountName, account.metadata.name);
    assert.deepEqual([automountServiceAccountToken, account.automountServiceAccountToken], [false, false]);
  });

  it('let the network in at its port alone, and out to names and to a collector alone', () => {
    const { policyTypes, ingress, egress } = only('NetworkPolicy').spec;
    assert.deepEqual(policyTypes, ['Ingress', 'Egress']);
    const [{ name }] = only('Deployment').spec.template.spec.containers[0].ports;
    assert.deepEqual(ingress, [{ ports: [{ port: name, protocol: 'TCP' }] }]);
    const ports = egress.flatMap((rule: any) => rule.ports.map(({ port }: { port: number }) => port));
    assert.deepEqual(ports, [53, 53, 4318]);
    for (const { to } of egress) assert.ok(to.length > 0, 'a rule without a target is a rule for every target');
  });
});
