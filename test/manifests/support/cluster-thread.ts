/**
 * A stand-in for the API server of a cluster that holds one Deployment at most: it knows the kinds of the chart, and answers what Helm's
 * `lookup` asks. In a thread, because a test waits for Helm without turning its own event loop.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';

const KINDS: Readonly<Record<string, readonly string[]>> = {
  v1: ['Pod', 'Service', 'ServiceAccount'],
  'apps/v1': ['Deployment'],
  'autoscaling/v2': ['HorizontalPodAutoscaler'],
  'keda.sh/v1alpha1': ['ScaledObject'],
  'networking.k8s.io/v1': ['NetworkPolicy'],
  'policy/v1': ['PodDisruptionBudget'],
};

const plural = (kind: string) => `${kind.toLowerCase()}s`.replace(/ys$/, 'ies');
const resources = Object.entries(KINDS).map(([groupVersion, kinds]) => [
  groupVersion === 'v1' ? '/api/v1' : `/apis/${groupVersion}`,
  {
    kind: 'APIResourceList',
    groupVersion,
    resources: kinds.map((kind) => ({ name: plural(kind), singularName: '', namespaced: true, kind, verbs: ['get'] })),
  },
]);
const groups = Object.keys(KINDS)
  .map((groupVersion) => groupVersion.split('/'))
  .flatMap(([name, version]) => {
    const served = { groupVersion: `${name}/${version}`, version };
    return version === undefined ? [] : [{ name, versions: [served], preferredVersion: served }];
  });

const answers: Readonly<Record<string, unknown>> = {
  '/version': { major: '1', minor: '34', gitVersion: 'v1.34.0' },
  '/api': { kind: 'APIVersions', versions: ['v1'] },
  '/apis': { kind: 'APIGroupList', groups },
  ...Object.fromEntries(resources),
  // The Deployment, or nothing.
  '/apis/apps/v1/namespaces/demo/deployments/skyops': workerData,
};

const server = createServer(({ url = '' }, response) => {
  const answer = answers[url.split('?')[0] ?? ''];
  response.setHeader('content-type', 'application/json');
  response.statusCode = answer === undefined ? 404 : 200;
  response.end(JSON.stringify(answer ?? { kind: 'Status', status: 'Failure', reason: 'NotFound', code: 404 }));
});
server.listen(0, '127.0.0.1', () => parentPort?.postMessage((server.address() as AddressInfo).port));
