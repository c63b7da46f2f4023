/** Every way in which SkyOps is delivered, as the real kubectl and helm render it. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments, stringify } from 'yaml';
import { type HelmVersion, helmSays, kubectl } from '#test/support/kubernetes-tools.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
export const CHART = `${ROOT}charts/skyops`;

// A manifest of whatever kind: each rule knows what it looks for.
export type Manifest = {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string; labels?: Record<string, string>; annotations?: Record<string, string> };
  spec?: any;
  [field: string]: any;
};

export type Rendering = {
  readonly name: string;
  readonly manifests: readonly Manifest[];
  /** Where it is for one kind of cluster alone, and a rule or two is another there. */
  readonly platform?: 'openshift';
};

export const byKind = (manifests: readonly Manifest[], kind: string) => manifests.find((each) => each.kind === kind);
export const containerOf = (manifests: readonly Manifest[]) =>
  byKind(manifests, 'Deployment')?.spec.template.spec.containers[0];

export function manifestsOf(yaml: string): Manifest[] {
  // As Kubernetes reads it: y, on and 010 are no text there.
  return parseAllDocuments(yaml, { version: '1.1' })
    .map((document) => document.toJS())
    .filter((manifest) => manifest !== null);
}

export function chart(version: HelmVersion, values: object, release = 'skyops', namespace = 'demo'): Manifest[] {
  const folder = mkdtempSync(
    `${fileURLToPath(new URL('../../../tools/kubernetes/node_modules/', import.meta.url))}.values-`,
  );
  try {
    writeFileSync(`${folder}/values.yaml`, stringify(values));
    const apis = ['monitoring.coreos.com/v1', 'gateway.networking.k8s.io/v1', 'keda.sh/v1alpha1'];
    return manifestsOf(
      helmSays(
        version,
        ...['template', release, CHART, '--namespace', namespace, '--values', `${folder}/values.yaml`],
        ...['--kube-version', '1.34.0', ...apis.flatMap((api) => ['--api-versions', api])],
      ),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The plain manifests, or an overlay, with components, as an overlay of somebody else has it. */
function withComponents(base: string, ...names: readonly string[]): Manifest[] {
  mkdirSync(`${ROOT}.cache`, { recursive: true });
  const folder = mkdtempSync(`${ROOT}.cache/overlay-`);
  try {
    const overlay = {
      apiVersion: 'kustomize.config.k8s.io/v1beta1',
      kind: 'Kustomization',
      resources: [`../../${base}`],
      components: names.map((name) => `../../kustomize/components/${name}`),
    };
    writeFileSync(`${folder}/kustomization.yaml`, stringify(overlay));
    return manifestsOf(kubectl('kustomize', folder));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Everything on that may be on together, and every value that a rule does not forbid set to something. */
export const EVERYTHING = {
  image: { repository: 'registry.example/skyops', digest: `sha256:${'0'.repeat(64)}` },
  imagePullSecrets: ['registry', { name: 'mirror' }],
  commonLabels: { team: 'platform' },
  commonAnnotations: { 'example.org/owner': 'platform' },
  podLabels: { tier: 'demo' },
  podAnnotations: { 'example.org/restarted': 'never' },
  config: { SKYOPS_LOG_LEVEL: 'debug', SKYOPS_MAX_CORES: 2, SKYOPS_METRICS_SEMCONV: true },
  extraEnv: [
    {
      name: 'OTEL_EXPORTER_OTLP_HEADERS',
      valueFrom: { secretKeyRef: { name: 'skyops-otlp', key: 'headers', optional: true } },
    },
  ],
  service: {
    type: 'LoadBalancer',
    nodePort: 30_080,
    externalTrafficPolicy: 'Local',
    trafficDistribution: 'PreferSameZone',
    annotations: { 'example.org/internal': 'true' },
  },
  httpRoute: { enabled: true, parentRefs: [{ name: 'gateway' }], hostnames: ['skyops.example'], pathPrefix: '/skyops' },
  ingress: {
    enabled: true,
    className: 'nginx',
    annotations: { 'nginx.ingress.kubernetes.io/proxy-read-timeout': '3600' },
    hosts: [{ host: 'skyops.example' }],
    tls: [{ secretName: 'skyops-tls', hosts: ['skyops.example'] }],
  },
  autoscaling: {
    metrics: [
      {
        type: 'Pods',
        pods: { metric: { name: 'skyops_http_requests' }, target: { type: 'AverageValue', averageValue: '100' } },
      },
    ],
  },
  priorityClassName: 'skyops',
  nodeSelector: { 'kubernetes.io/os': 'linux' },
  tolerations: [{ key: 'demo', operator: 'Exists', effect: 'NoSchedule' }],
  networkPolicy: { from: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'ingress' } } }] },
  monitoring: {
    serviceMonitor: { enabled: true, labels: { release: 'prometheus' } },
    prometheusRule: { enabled: true },
    dashboard: { enabled: true },
  },
};

export const OPENSHIFT = { openshift: { enabled: true, route: { enabled: true, host: 'skyops.apps.example' } } };

export const KEDA = { keda: { enabled: true }, autoscaling: { enabled: false } };

const COMPONENTS = ['service-monitor', 'prometheus-rule', 'dashboard', 'http-route', 'keda'];

export function renderings(): readonly Rendering[] {
  return [
    { name: 'k8s', manifests: manifestsOf(kubectl('kustomize', `${ROOT}k8s`)) },
    ...['demo', 'production'].map((overlay) => ({
      name: `overlay ${overlay}`,
      manifests: manifestsOf(kubectl('kustomize', `${ROOT}kustomize/overlays/${overlay}`)),
    })),
    ...COMPONENTS.map((component) => ({ name: `component ${component}`, manifests: withComponents('k8s', component) })),
    ...['k8s', 'kustomize/overlays/production'].map((base) => ({
      name: `${base} on OpenShift`,
      manifests: withComponents(base, 'openshift', 'openshift-route'),
      platform: 'openshift' as const,
    })),
    { name: 'chart', manifests: chart(4, {}) },
    { name: 'chart, everything', manifests: chart(4, EVERYTHING, 'a-release') },
    { name: 'chart, KEDA', manifests: chart(4, KEDA) },
    { name: 'chart on OpenShift', manifests: chart(4, OPENSHIFT), platform: 'openshift' },
  ];
}
