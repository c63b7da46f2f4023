/**
 * What a value of the chart that is handed on to Kubernetes may look like: the fields of its API (v1.30 and newer) as JSON Schema, closed,
 * so that a misspelt one is refused by its name before anything is applied.
 * @see https://kubernetes.io/docs/reference/kubernetes-api/
 */

export type Schema = { readonly [name: string]: unknown };

/** Helm takes a key out where its value is null. */
const orNull = (schema: Schema): Schema => ({
  ...schema,
  ...('type' in schema ? { type: [schema['type'], 'null'].flat() } : {}),
  ...(Array.isArray(schema['enum']) ? { enum: [...schema['enum'], null] } : {}),
});

const closed = (properties: Readonly<Record<string, Schema>>, required: readonly string[] = []): Schema => ({
  type: 'object',
  additionalProperties: false,
  ...(required.length > 0 ? { required } : {}),
  properties: Object.fromEntries(
    Object.entries(properties).map(([name, schema]) => [name, required.includes(name) ? schema : orNull(schema)]),
  ),
});
const listOf = (items: Schema): Schema => ({ type: 'array', items });
const text: Schema = { type: 'string' };
const truth: Schema = { type: 'boolean' };
export const whole = (minimum: number, maximum?: number): Schema => ({
  type: 'integer',
  minimum,
  ...(maximum === undefined ? {} : { maximum }),
});
export const oneOf = (...values: readonly string[]): Schema => ({ type: 'string', enum: values });
/** An amount as Kubernetes writes it. @see https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/ */
const quantity: Schema = {
  type: ['string', 'number'],
  minimum: 0,
  pattern: '^(\\d+(\\.\\d*)?|\\.\\d+)([eE][+-]?\\d{1,2}|[numkMGTPE]|[KMGTPE]i)?$',
};

const quantities = (required: readonly string[] = []): Schema => ({
  type: 'object',
  ...(required.length > 0 ? { required } : {}),
  additionalProperties: quantity,
});

export const resources = closed(
  {
    requests: quantities(['cpu', 'memory']),
    limits: quantities(),
    claims: listOf(closed({ name: text, request: text }, ['name'])),
  },
  ['requests'],
);

const portOrName: Schema = { type: ['integer', 'string'], minimum: 1, maximum: 65_535, minLength: 1 };

export const probe = orNull(
  closed({
    httpGet: closed({
      path: text,
      port: portOrName,
      host: text,
      scheme: oneOf('HTTP', 'HTTPS'),
      httpHeaders: listOf(closed({ name: text, value: text }, ['name', 'value'])),
    }),
    tcpSocket: closed({ port: portOrName, host: text }, ['port']),
    grpc: closed({ port: whole(1, 65_535), service: text }, ['port']),
    exec: closed({ command: listOf(text) }),
    initialDelaySeconds: whole(0),
    periodSeconds: whole(1),
    timeoutSeconds: whole(1),
    successThreshold: whole(1),
    failureThreshold: whole(1),
    terminationGracePeriodSeconds: whole(1),
  }),
);

const seLinuxOptions = closed({ level: text, role: text, type: text, user: text });
const seccompProfile = closed({ type: oneOf('RuntimeDefault', 'Localhost', 'Unconfined'), localhostProfile: text }, [
  'type',
]);
const identity = { runAsUser: whole(0), runAsGroup: whole(0), runAsNonRoot: truth };

export const podSecurityContext = closed({
  ...identity,
  fsGroup: whole(0),
  fsGroupChangePolicy: oneOf('Always', 'OnRootMismatch'),
  supplementalGroups: listOf(whole(0)),
  supplementalGroupsPolicy: oneOf('Merge', 'Strict'),
  seccompProfile,
  // Of the same form.
  appArmorProfile: seccompProfile,
  seLinuxOptions,
  seLinuxChangePolicy: oneOf('MountOption', 'Recursive'),
  windowsOptions: { type: 'object' },
  sysctls: listOf(closed({ name: text, value: text }, ['name', 'value'])),
});

export const securityContext = closed({
  ...identity,
  allowPrivilegeEscalation: truth,
  privileged: truth,
  readOnlyRootFilesystem: truth,
  capabilities: closed({ add: listOf(text), drop: listOf(text) }),
  windowsOptions: { type: 'object' },
  procMount: oneOf('Default', 'Unmasked'),
  seccompProfile,
  // Of the same form.
  appArmorProfile: seccompProfile,
  seLinuxOptions,
});

export const tolerations = listOf(
  closed({
    key: text,
    operator: oneOf('Exists', 'Equal', 'Gt', 'Lt'),
    value: text,
    effect: oneOf('', 'NoSchedule', 'PreferNoSchedule', 'NoExecute'),
    // Below zero is at once.
    tolerationSeconds: { type: 'integer' },
  }),
);

const labelSelector = closed({
  matchLabels: { type: 'object', additionalProperties: text },
  matchExpressions: listOf(
    closed({ key: text, operator: oneOf('In', 'NotIn', 'Exists', 'DoesNotExist'), values: listOf(text) }, [
      'key',
      'operator',
    ]),
  ),
});

export const topologySpreadConstraints = listOf(
  closed(
    {
      maxSkew: whole(1),
      minDomains: whole(1),
      topologyKey: text,
      whenUnsatisfiable: oneOf('DoNotSchedule', 'ScheduleAnyway'),
      labelSelector,
      matchLabelKeys: listOf(text),
      nodeAffinityPolicy: oneOf('Honor', 'Ignore'),
      nodeTaintsPolicy: oneOf('Honor', 'Ignore'),
    },
    ['maxSkew', 'topologyKey', 'whenUnsatisfiable'],
  ),
);

const terms = { type: 'array', items: { type: 'object' } };
const podTerms = closed({
  requiredDuringSchedulingIgnoredDuringExecution: terms,
  preferredDuringSchedulingIgnoredDuringExecution: terms,
});
export const affinity = closed({
  nodeAffinity: closed({
    requiredDuringSchedulingIgnoredDuringExecution: { type: 'object' },
    preferredDuringSchedulingIgnoredDuringExecution: terms,
  }),
  podAffinity: podTerms,
  podAntiAffinity: podTerms,
});

/** A range of either family, in the form of CIDR; Kubernetes reads the address itself. */
export const addressRange: Schema = {
  type: 'string',
  pattern: '^((\\d{1,3}\\.){3}\\d{1,3}/([12]?\\d|3[0-2])|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*/(\\d{1,2}|1[01]\\d|12[0-8]))$',
};

export const networkPeers = listOf(
  closed({
    podSelector: labelSelector,
    namespaceSelector: labelSelector,
    ipBlock: closed({ cidr: addressRange, except: listOf(addressRange) }, ['cidr']),
  }),
);

const policyPort = closed({ port: portOrName, endPort: whole(1, 65_535), protocol: oneOf('TCP', 'UDP', 'SCTP') });
export const egressRules = listOf(closed({ to: networkPeers, ports: listOf(policyPort) }));

export const parentRefs = listOf(
  closed({ name: text, namespace: text, sectionName: text, port: whole(1, 65_535), group: text, kind: text }, ['name']),
);

/** The name of a host, as a pattern without its ends. RFC 1123, section 2.1; capital letters are refused by Kubernetes. */
export const hostName = '[a-z0-9]([a-z0-9-]*[a-z0-9])?(\\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*';

export const ingressHosts = listOf(
  closed({
    // One label may be a star: the API of Ingress.
    host: { type: 'string', pattern: `^(\\*\\.)?${hostName}$` },
    paths: listOf(
      closed({
        path: { type: 'string', pattern: '^/' },
        pathType: oneOf('Prefix', 'Exact', 'ImplementationSpecific'),
      }),
    ),
  }),
);
export const ingressTls = listOf(closed({ secretName: text, hosts: listOf(text) }));

/** A Secret as Kubernetes has it, or its name alone. */
export const secretName: Schema = {
  ...closed({ name: text }, ['name']),
  type: ['string', 'object'],
  minLength: 1,
};

const metricTarget = closed(
  {
    type: oneOf('Utilization', 'AverageValue', 'Value'),
    averageUtilization: whole(1),
    averageValue: quantity,
    value: quantity,
  },
  ['type'],
);
const metricName = closed({ name: text, selector: labelSelector }, ['name']);
const describedObject = closed({ apiVersion: text, kind: text, name: text }, ['kind', 'name']);
/** Each type of metric has its field, and no other: spec.metrics of autoscaling/v2. */
const METRICS: Readonly<Record<string, readonly [field: string, schema: Schema]>> = {
  Resource: ['resource', closed({ name: text, target: metricTarget }, ['name', 'target'])],
  ContainerResource: [
    'containerResource',
    closed({ name: text, container: text, target: metricTarget }, ['name', 'container', 'target']),
  ],
  Pods: ['pods', closed({ metric: metricName, target: metricTarget }, ['metric', 'target'])],
  Object: [
    'object',
    closed({ describedObject, metric: metricName, target: metricTarget }, ['describedObject', 'metric', 'target']),
  ],
  External: ['external', closed({ metric: metricName, target: metricTarget }, ['metric', 'target'])],
};
export const metrics = listOf({
  ...closed({ type: oneOf(...Object.keys(METRICS)), ...Object.fromEntries(Object.values(METRICS)) }, ['type']),
  allOf: Object.entries(METRICS).map(([type, [field]]) => ({
    if: { properties: { type: { const: type } } },
    // biome-ignore lint/suspicious/noThenProperty: the word of JSON Schema, section 9.2 of its validation.
    then: { required: [field], maxProperties: 2 },
  })),
});

/** A variable of a container. @param name what it may be called. */
export const variable = (name: Schema): Schema =>
  closed({ name, value: text, valueFrom: { type: 'object', minProperties: 1, maxProperties: 1 } }, ['name']);

/** Part of the name of every object: RFC 1035, section 2.3.1, or nothing. */
export const namePart: Schema = { type: 'string', maxLength: 63, pattern: '^([a-z]([a-z0-9-]*[a-z0-9])?)?$' };
