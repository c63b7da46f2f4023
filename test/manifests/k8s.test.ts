/** k8s/ as the real kubectl renders it: what `apply -f` and `apply -k` take, and what the service relies on in it. The rules are in renderings.test.ts. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { settings } from '#config/catalog.ts';
import { kubectl } from '#test/support/kubernetes-tools.ts';
import { type Manifest, manifestsOf } from './support/renderings.ts';

const FOLDER = fileURLToPath(new URL('../../k8s', import.meta.url));
const rendered = manifestsOf(kubectl('kustomize', FOLDER));

function only(kind: string): any {
  const found = rendered.filter((manifest) => manifest.kind === kind);
  assert.equal(found.length, 1, kind);
  return found[0];
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
});
