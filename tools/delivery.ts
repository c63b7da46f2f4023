/**
 * What the manifests and the chart take from elsewhere in this repository, and what is said of the chart's values: the rules, the
 * dashboard, the schema of the values and their table. Made from values.yaml, whose comments are the descriptions.
 */
import { readFileSync } from 'node:fs';
import { isMap, isScalar, type Pair, parseDocument, stringify, type YAMLMap } from 'yaml';
import { settings } from '#config/catalog.ts';
import type { Setting } from '#foundation/setting.ts';
import { Behavior } from './behavior-schema.ts';
import {
  addressRange,
  affinity,
  egressRules,
  hostName,
  ingressHosts,
  ingressTls,
  metrics,
  namePart,
  networkPeers,
  oneOf,
  parentRefs,
  podSecurityContext,
  probe,
  resources,
  type Schema,
  secretName,
  securityContext,
  tolerations,
  topologySpreadConstraints,
  variable,
  whole,
} from './kubernetes-shapes.ts';

const read = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');

const anyObject: Schema = { type: 'object' };
const texts: Schema = { type: 'object', additionalProperties: { type: 'string' } };
const strings: Schema = { type: 'array', items: { type: 'string' } };
const port = whole(1, 65_535);

/** Set by the chart itself, from `termination` and from the pod. */
const isOwn = (variable: string) => /^SKYOPS_(POD|NODE|DRAIN|TERMINATION)_/.test(variable);
const settable = Object.values(settings)
  .flatMap((declared): readonly Setting<unknown>[] => Object.values(declared))
  .filter(({ variable }) => !isOwn(variable));

/** A port that is chosen when the pod starts is one that no Service can lead to. */
const STRICTER: Readonly<Record<string, Schema>> = {
  SKYOPS_PORT: { ...port, type: ['integer', 'string'], pattern: '^[1-9]\\d{0,4}$' },
};

function schemaOfSetting({ variable, schema }: Setting<unknown>): Schema {
  const stricter = STRICTER[variable];
  if (stricter !== undefined) return stricter;
  // YAML makes a boolean of true, and a number of an id of digits alone.
  if (schema === undefined) return { type: ['string', 'number', 'boolean'] };
  if ('enum' in schema)
    return { enum: schema.enum.flatMap((word) => (/^(true|false)$/.test(word) ? [word, word === 'true'] : [word])) };
  // An amount in bytes is a number; a number in quotes is one too, as variables are often written.
  if ('pattern' in schema) return { ...schema, type: ['string', 'integer'] };
  return {
    ...schema,
    type: [schema.type, 'string'],
    pattern: schema.type === 'integer' ? '^\\d+$' : '^\\d+(\\.\\d+)?$',
  };
}

/** A secret does not belong into values: extraEnv takes it from a Secret. */
const config: Schema = {
  type: 'object',
  additionalProperties: false,
  properties: Object.fromEntries(
    settable
      .filter(({ isSecret }) => isSecret !== true)
      .map((setting) => [
        setting.variable,
        { ...schemaOfSetting(setting), description: `${setting.meaning} ${setting.expected}.` },
      ]),
  ),
};

/** A name of ours has to be a setting, and none that the chart sets; any other is somebody else's. */
const variableName: Schema = {
  type: 'string',
  pattern: '^[A-Za-z_][A-Za-z0-9_.-]*$',
  anyOf: [{ not: { pattern: '^SKYOPS_' } }, { enum: settable.map(({ variable }) => variable) }],
};

/** What the default alone does not say. */
const CONSTRAINTS: Readonly<Record<string, Schema>> = {
  'image.repository': { type: 'string', pattern: '^[A-Za-z0-9][A-Za-z0-9._/:-]*$' },
  'image.tag': { type: 'string', pattern: '^([A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?$' },
  'image.digest': { type: 'string', pattern: '^(sha256:[0-9a-f]{64})?$' },
  'image.pullPolicy': oneOf('Always', 'IfNotPresent', 'Never'),
  imagePullSecrets: { type: 'array', items: secretName },
  nameOverride: namePart,
  fullnameOverride: namePart,
  commonLabels: texts,
  commonAnnotations: texts,
  podLabels: texts,
  podAnnotations: texts,
  config,
  extraEnv: { type: 'array', items: variable(variableName) },
  extraArgs: strings,
  replicaCount: whole(0),
  'autoscaling.minReplicas': whole(1),
  'autoscaling.maxReplicas': whole(1),
  'autoscaling.targetCPUUtilizationPercentage': whole(1),
  'autoscaling.metrics': metrics,
  'autoscaling.behavior': { ...Behavior },
  'keda.pollingInterval': whole(1),
  resources,
  'termination.gracePeriodSeconds': whole(1, 86_400),
  'termination.preStopSleepSeconds': whole(1, 3600),
  'termination.drainDelaySeconds': { type: 'number', minimum: 0, maximum: 300 },
  'termination.drainTimeoutSeconds': { type: 'number', minimum: 0, maximum: 3600 },
  'service.type': oneOf('ClusterIP', 'NodePort', 'LoadBalancer'),
  'service.port': port,
  'service.nodePort': { type: ['integer', 'null'], minimum: 30_000, maximum: 32_767 },
  'service.ipFamilyPolicy': oneOf('', 'SingleStack', 'PreferDualStack', 'RequireDualStack'),
  'service.ipFamilies': { type: 'array', items: oneOf('IPv4', 'IPv6'), maxItems: 2, uniqueItems: true },
  'service.annotations': texts,
  'service.externalTrafficPolicy': oneOf('', 'Cluster', 'Local'),
  'service.trafficDistribution': oneOf('', 'PreferClose', 'PreferSameZone', 'PreferSameNode'),
  'httpRoute.parentRefs': parentRefs,
  'httpRoute.hostnames': strings,
  'httpRoute.pathPrefix': { type: 'string', pattern: '^/' },
  'ingress.annotations': texts,
  'ingress.hosts': ingressHosts,
  'ingress.tls': ingressTls,
  'openshift.enabled': { enum: ['auto', true, false, 'true', 'false'] },
  'openshift.route.host': { type: 'string', pattern: `^(${hostName})?$` },
  'openshift.route.annotations': texts,
  'serviceAccount.annotations': texts,
  podSecurityContext,
  securityContext,
  startupProbe: probe,
  livenessProbe: probe,
  readinessProbe: probe,
  'podDisruptionBudget.maxUnavailable': { type: ['integer', 'string'], minimum: 1, pattern: '^[1-9]\\d?%$' },
  'networkPolicy.from': networkPeers,
  'networkPolicy.dns.peers': networkPeers,
  'networkPolicy.dns.addresses': { type: 'array', items: addressRange },
  'networkPolicy.dns.ports': { type: 'array', items: port },
  'networkPolicy.extraEgress': egressRules,
  'networkPolicy.collectorPort': port,
  nodeSelector: texts,
  tolerations,
  affinity,
  topologySpreadConstraints,
  'monitoring.serviceMonitor.interval': { type: 'string', pattern: '^\\d+(ms|s|m)$' },
  'monitoring.serviceMonitor.labels': texts,
  'monitoring.prometheusRule.labels': texts,
  'monitoring.dashboard.labels': texts,
  'tests.waitSeconds': whole(1, 3600),
};

type Value = { readonly path: string; readonly description: string; readonly fallback: unknown };

/** A comment of values.yaml without the two dashes by which helm-docs knows a description. */
const descriptionOf = (comment: string) => comment.split('\n').join(' ').trim().replace(/^-- /, '');

/** A bar would end the cell, within code too: GitHub Flavored Markdown, 4.10. */
const cell = (text: string) => text.replaceAll('|', '\\|');

/** @param node a map of values.yaml. Gives its schema, and adds each value in it to `values`. */
function schemaOf(node: YAMLMap, prefix: string, values: Value[]): Schema {
  const properties = (node.items as Pair[]).map((pair, index) => {
    const key = isScalar(pair.key) ? pair.key : undefined;
    const name = String(key?.value);
    const path = prefix === '' ? name : `${prefix}.${name}`;
    // The comment of a map's first key is kept with the map.
    const comment = key?.commentBefore ?? (index === 0 ? node.commentBefore : undefined) ?? '';
    const description = descriptionOf(comment);
    const fallback = node.toJSON()[name] as unknown;
    const given = CONSTRAINTS[path];
    if (given === undefined && isMap(pair.value)) {
      return [name, { ...(description && { description }), ...schemaOf(pair.value, path, values) }] as const;
    }
    values.push({ path, description, fallback });
    const schema = given ?? { type: typeof fallback };
    return [name, { ...(description && { description }), ...schema }] as const;
  });
  return { type: 'object', additionalProperties: false, properties: Object.fromEntries(properties) };
}

function chartPages(): { schema: string; readme: string } {
  const document = parseDocument(read('charts/skyops/values.yaml'));
  if (!isMap(document.contents)) throw new Error('values.yaml is no map');
  const values: Value[] = [];
  const root = schemaOf(document.contents, '', values);
  const properties = root['properties'] as object;
  const schema = {
    $schema: 'http://json-schema.org/draft-07/schema#',
    ...root,
    // Helm hands the parent chart's `global` down.
    properties: { ...properties, global: anyObject },
  };
  const rows = values.map(
    ({ path, description, fallback }) =>
      `| \`${path}\` | \`${cell(JSON.stringify(fallback))}\` | ${cell(description)} |`,
  );
  const readme = `# SkyOps, the Helm chart

<!-- Generated by \`make reference\` from values.yaml; edit that instead. -->

\`\`\`sh
helm install skyops charts/skyops --set image.repository=registry.example/skyops
helm test skyops
\`\`\`

Helm 3 and 4, Kubernetes 1.30 and newer. The pods pass the restricted Pod Security Standard, nothing is loaded but the image that you name, and
\`values.schema.json\` refuses a value that is misspelt, of the wrong type or out of its range, also in what is handed on to Kubernetes, and a setting that is none. A drain that does not fit into the grace period is refused when it is rendered.

| value | default | meaning |
| --- | --- | --- |
${rows.join('\n')}
`;
  return { schema: `${JSON.stringify(schema, null, 2)}\n`, readme };
}

/** By their paths from the root of the repository. */
export function deliveredFiles(dashboard: string): Readonly<Record<string, string>> {
  const { schema, readme } = chartPages();
  const rules = read('monitoring/prometheus/rules.yaml');
  const metadata = {
    name: 'skyops',
    labels: {
      'app.kubernetes.io/name': 'skyops',
      'app.kubernetes.io/instance': 'skyops',
      'app.kubernetes.io/part-of': 'skyops',
    },
  };
  const generated = '# Generated by `make reference` from monitoring/; edit that instead.\n';
  return {
    'charts/skyops/values.schema.json': schema,
    'charts/skyops/README.md': readme,
    'charts/skyops/files/rules.yaml': rules,
    'charts/skyops/files/dashboard.json': dashboard,
    'kustomize/components/prometheus-rule/prometheusrule.yaml':
      generated +
      stringify(
        {
          apiVersion: 'monitoring.coreos.com/v1',
          kind: 'PrometheusRule',
          metadata,
          spec: parseDocument(rules).toJS(),
        },
        { lineWidth: 0 },
      ),
    'kustomize/components/dashboard/configmap.yaml':
      generated +
      stringify(
        {
          apiVersion: 'v1',
          kind: 'ConfigMap',
          metadata: {
            name: 'skyops-dashboard',
            labels: { ...metadata.labels, grafana_dashboard: '1' },
          },
          data: { 'skyops.json': dashboard },
        },
        { lineWidth: 0 },
      ),
  };
}
