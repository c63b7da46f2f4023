/**
 * Who says how many replicas there are, when an autoscaler comes to a Deployment that has had a number of its own. What the last release
 * named and this one does not, Helm takes away, and Kubernetes makes one replica of it.
 * @see docs/bench/kubernetes.md what a real API server makes of it
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it, type TestContext } from 'node:test';
import { Worker } from 'node:worker_threads';
import { type HelmVersion, helmSays } from '#test/support/kubernetes-tools.ts';
import { byKind, CHART, chart, KEDA, manifestsOf } from './support/renderings.ts';

const OMITTED = { 'skyops/replicas': 'autoscaler' };
const OWNS = { 'f:spec': { 'f:replicas': {} } };
const byHelm = (operation: string, fieldsV1: object) => ({ manager: 'helm', operation, fieldsV1 });
const byAutoscaler = {
  manager: 'kube-controller-manager',
  operation: 'Update',
  subresource: 'scale',
  fieldsV1: OWNS,
};

type Live = { readonly replicas: number; readonly annotations?: object; readonly managedFields?: readonly object[] };

/** @param live the Deployment that the cluster has; nothing where there is none. */
async function rendered(test: TestContext, version: HelmVersion, live: Live | undefined, ...args: readonly string[]) {
  const { replicas, annotations, managedFields } = live ?? {};
  const metadata = {
    name: 'skyops',
    namespace: 'demo',
    // Helm touches nothing that is not its own.
    labels: { 'app.kubernetes.io/managed-by': 'Helm' },
    annotations: {
      'meta.helm.sh/release-name': 'skyops',
      'meta.helm.sh/release-namespace': 'demo',
      ...annotations,
    },
    managedFields,
  };
  const deployment = live && { apiVersion: 'apps/v1', kind: 'Deployment', metadata, spec: { replicas } };
  const cluster = new Worker(new URL('./support/cluster-thread.ts', import.meta.url), { workerData: deployment });
  test.after(() => cluster.terminate());
  const [port] = await once(cluster, 'message');
  const said = helmSays(
    version,
    ...['template', 'skyops', CHART, '--namespace', 'demo', '--dry-run=server', '--disable-openapi-validation'],
    ...['--kube-apiserver', `http://127.0.0.1:${port}`, '--show-only', 'templates/deployment.yaml', ...args],
  );
  await cluster.terminate();
  const { metadata: has, spec } = manifestsOf(said)[0] ?? assert.fail();
  return { replicas: spec.replicas as unknown, annotations: has.annotations };
}

describe('the replicas of a Deployment with an autoscaler', () => {
  for (const [what, live, replicas] of [
    ['are kept by the first release that has one', { replicas: 3 }, 3],
    ['are at least the minimum', { replicas: 1 }, 2],
    ['stay away where somebody has switched it off', { replicas: 0 }, 0],
    [
      'are kept under server-side apply, while Helm owns the number',
      { replicas: 3, managedFields: [byHelm('Apply', OWNS)] },
      3,
    ],
    [
      'are kept by Helm 3, whose last manifest names them still, also when the autoscaler has changed them',
      { replicas: 7, managedFields: [byHelm('Update', {}), byAutoscaler] },
      7,
    ],
    [
      'are not named once the autoscaler owns the number',
      { replicas: 7, managedFields: [byHelm('Apply', {}), byAutoscaler] },
      undefined,
    ],
    ['are not named where the last release named none', { replicas: 5, annotations: OMITTED }, undefined],
    ['are not named where there is no Deployment yet', undefined, undefined],
  ] as const) {
    it(what, async (test) => {
      for (const version of [3, 4] as const) {
        const { annotations, ...found } = await rendered(test, version, live);
        assert.deepEqual(found, { replicas });
        assert.deepEqual(annotations, replicas === undefined ? OMITTED : undefined);
      }
    });
  }

  it('are as kept with KEDA', async (test) => {
    const args = ['--set', 'autoscaling.enabled=false,keda.enabled=true,autoscaling.minReplicas=4'];
    assert.equal((await rendered(test, 4, { replicas: 3 }, ...args)).replicas, 4);
  });

  it('are those of replicaCount without one, and leave no word about an autoscaler', async (test) => {
    const args = ['--set', 'autoscaling.enabled=false,replicaCount=4'];
    assert.deepEqual(await rendered(test, 4, { replicas: 7, annotations: OMITTED }, ...args), {
      replicas: 4,
      annotations: undefined,
    });
  });

  it('are not named where no cluster is asked, so that what is rendered is the same every time', () => {
    for (const values of [{}, KEDA, { commonAnnotations: { a: 'b' } }]) {
      const deployment = byKind(chart(4, values), 'Deployment');
      assert.equal(deployment?.spec.replicas, undefined);
      assert.equal(deployment?.metadata.annotations?.['skyops/replicas'], 'autoscaler');
    }
    assert.equal(byKind(chart(4, { commonAnnotations: { a: 'b' } }), 'Deployment')?.metadata.annotations?.['a'], 'b');
  });
});
