/** The Helm chart: the same under Helm 3 and 4, as strict about its values as the service about its settings, and what it says. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { parse, stringify } from 'yaml';
import { type HelmVersion, helm, helmSays, kubectl } from '#test/support/kubernetes-tools.ts';
import {
  byKind,
  CHART,
  chart,
  containerOf,
  EVERYTHING,
  KEDA,
  type Manifest,
  manifestsOf,
} from './support/renderings.ts';

const VERSIONS: readonly HelmVersion[] = [3, 4];

function folderOf(test: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'skyops-chart-'));
  test.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

describe('the chart', () => {
  it('has no finding of helm lint --strict, under either version', () => {
    for (const version of VERSIONS) {
      assert.match(helmSays(version, 'lint', '--strict', CHART), /1 chart\(s\) linted, 0 chart\(s\) failed/);
    }
  });

  it('renders the same under Helm 3 and Helm 4', () => {
    for (const values of [{}, EVERYTHING, KEDA]) assert.deepEqual(chart(3, values), chart(4, values));
  });

  it('can be packed, and be rendered from the package', (test) => {
    const folder = folderOf(test);
    helmSays(4, 'package', CHART, '--destination', folder);
    const packed = manifestsOf(helmSays(4, 'template', 'skyops', `${folder}/skyops-0.1.0.tgz`, '--namespace', 'demo'));
    assert.deepEqual(packed, chart(4, {}));
  });

  it('by default is what k8s/ is, but for its labels and the drain that it spells out', () => {
    const plain = manifestsOf(kubectl('kustomize', new URL('../../k8s', import.meta.url).pathname));
    const rendered = chart(4, {}).filter(({ kind }) => kind !== 'Pod');
    assert.deepEqual(rendered.map(({ kind }) => kind).toSorted(), plain.map(({ kind }) => kind).toSorted());
    const essence = (manifests: readonly Manifest[]) => {
      const { env, ...container } = structuredClone(containerOf(manifests));
      const drain = /^SKYOPS_DRAIN_/;
      const pod = structuredClone(byKind(manifests, 'Deployment')?.spec.template.spec);
      delete pod.containers;
      return {
        container,
        pod,
        env: env
          .filter(({ name }: { name: string }) => !drain.test(name))
          .toSorted((a: any, b: any) => a.name.localeCompare(b.name)),
        autoscaler: byKind(manifests, 'HorizontalPodAutoscaler')?.spec,
        budget: byKind(manifests, 'PodDisruptionBudget')?.spec,
        policy: byKind(manifests, 'NetworkPolicy')?.spec,
        service: byKind(manifests, 'Service')?.spec,
      };
    };
    assert.deepEqual(essence(rendered), essence(plain));
  });

  it('puts every object into the namespace of the release, with the release’s name', () => {
    for (const { kind, metadata } of chart(4, EVERYTHING, 'a-release', 'somewhere')) {
      assert.equal(metadata.namespace, 'somewhere', kind);
      assert.match(metadata.name, /^a-release-skyops/, kind);
    }
  });

  it('keeps names as text that YAML would take for something else, and leaves dots out of the name of a Service', () => {
    for (const name of ['n', 'y', 'on', 'off', 'yes', 'no', 'true', '123', '1e3', '0x1f', '010', 'a.b']) {
      const values = { serviceAccount: { create: false, name: '1e3' }, priorityClassName: '12' };
      const manifests = chart(4, values, name, '123');
      for (const { kind, metadata } of manifests) {
        assert.equal(typeof metadata.name, 'string', kind);
        assert.ok(!metadata.name.includes('.'), metadata.name);
        assert.equal(metadata.namespace, '123');
        for (const [label, value] of Object.entries(metadata.labels ?? {})) assert.equal(typeof value, 'string', label);
      }
      const pod = byKind(manifests, 'Deployment')?.spec.template.spec;
      assert.deepEqual([pod.serviceAccountName, pod.priorityClassName], ['1e3', '12']);
      assert.equal(byKind(manifests, 'Service')?.spec.selector['app.kubernetes.io/instance'], name);
      assert.equal(
        byKind(manifests, 'HorizontalPodAutoscaler')?.spec.scaleTargetRef.name,
        byKind(manifests, 'Deployment')?.metadata.name,
      );
    }
  });

  it('covers what users have asked of such charts', () => {
    const manifests = chart(4, EVERYTHING, 'a-release');
    const pod = byKind(manifests, 'Deployment')?.spec.template.spec;
    const container = containerOf(manifests);
    assert.deepEqual(pod.imagePullSecrets, [{ name: 'registry' }, { name: 'mirror' }]);
    assert.deepEqual(byKind(manifests, 'Pod')?.spec.imagePullSecrets, pod.imagePullSecrets);
    assert.equal(pod.priorityClassName, 'skyops');
    assert.match(container.image, /^registry\.example\/skyops@sha256:0{64}$/);
    const variables: any = Object.fromEntries(
      container.env.map(({ name, value, valueFrom }: any) => [name, value ?? valueFrom]),
    );
    assert.equal(variables.SKYOPS_LOG_LEVEL, 'debug');
    assert.equal(variables.SKYOPS_MAX_CORES, '2');
    assert.equal(variables.SKYOPS_METRICS_SEMCONV, 'true');
    assert.deepEqual(variables.OTEL_EXPORTER_OTLP_HEADERS.secretKeyRef.name, 'skyops-otlp');
    const service = byKind(manifests, 'Service')?.spec;
    assert.deepEqual(
      [service.externalTrafficPolicy, service.trafficDistribution, service.ports[0].nodePort],
      ['Local', 'PreferSameZone', 30_080],
    );
    const [rule] = byKind(manifests, 'HTTPRoute')?.spec.rules ?? [];
    assert.equal(rule.filters[0].urlRewrite.path.replacePrefixMatch, '/');
    assert.deepEqual(byKind(manifests, 'ServiceMonitor')?.metadata.labels?.['release'], 'prometheus');
    assert.equal(byKind(manifests, 'PrometheusRule')?.spec.groups.length, 2);
    assert.ok(JSON.parse(byKind(manifests, 'ConfigMap')?.['data']['skyops.json']).panels.length > 20);
    const [, , outside] =
      byKind(
        chart(4, {
          networkPolicy: {
            extraEgress: [{ to: [{ ipBlock: { cidr: '10.0.0.0/8' } }], ports: [{ port: 443, protocol: 'TCP' }] }],
          },
        }),
        'NetworkPolicy',
      )?.spec.egress ?? [];
    assert.equal(outside.to[0].ipBlock.cidr, '10.0.0.0/8');
    const [trigger] = byKind(chart(4, KEDA, 'a-release', 'somewhere'), 'ScaledObject')?.spec.triggers ?? [];
    assert.match(trigger.metadata.query, /namespace="somewhere",service="a-release-skyops"/);
    const families = { ipFamilyPolicy: 'RequireDualStack', ipFamilies: ['IPv6', 'IPv4'] };
    const bothFamilies = byKind(chart(4, { service: families }), 'Service');
    assert.equal(bothFamilies?.spec.ipFamilyPolicy, 'RequireDualStack');
    assert.deepEqual(bothFamilies?.spec.ipFamilies, ['IPv6', 'IPv4']);
    assert.equal(byKind(chart(4, { service: { ipFamilyPolicy: '' } }), 'Service')?.spec.ipFamilyPolicy, undefined);
    assert.equal(containerOf(chart(4, { livenessProbe: null })).livenessProbe, undefined);
    assert.equal(containerOf(chart(4, { extraArgs: ['serve'] })).args[0], 'serve');
    assert.equal(
      byKind(chart(4, { autoscaling: { enabled: false }, replicaCount: 3 }), 'Deployment')?.spec.replicas,
      3,
    );
    assert.equal(byKind(chart(4, { serviceAccount: { create: false, name: 'theirs' } }), 'ServiceAccount'), undefined);
    assert.equal(containerOf(chart(4, { config: { SKYOPS_PORT: 9001 } })).ports[0].containerPort, 9001);
  });

  it('has an Ingress beside the route: for a host, for all of them, for paths of one’s own', () => {
    const rulesOf = (hosts: readonly object[]) =>
      byKind(chart(4, { ingress: { enabled: true, hosts } }), 'Ingress')?.spec.rules;
    const backend = { service: { name: 'skyops', port: { name: 'http' } } };
    const whole = { http: { paths: [{ path: '/', pathType: 'Prefix', backend }] } };
    assert.deepEqual(rulesOf([]), [whole]);
    assert.deepEqual(rulesOf([{ host: '*.example' }]), [{ ...whole, host: '*.example' }]);
    assert.deepEqual(rulesOf([{ host: 'a.example', paths: [{ path: '/ready', pathType: 'Exact' }, {}] }]), [
      {
        host: 'a.example',
        http: { paths: [{ path: '/ready', pathType: 'Exact', backend }, whole.http.paths[0]] },
      },
    ]);
    const everything = byKind(chart(4, EVERYTHING, 'a-release'), 'Ingress');
    assert.equal(everything?.spec.ingressClassName, 'nginx');
    assert.equal(everything?.spec.tls[0].secretName, 'skyops-tls');
    assert.equal(everything?.metadata.annotations?.['nginx.ingress.kubernetes.io/proxy-read-timeout'], '3600');
    assert.equal(byKind(chart(4, {}), 'Ingress'), undefined);
  });

  it('scales by CPU and by what else is named', () => {
    const [cpu, pods] = byKind(chart(4, EVERYTHING, 'a-release'), 'HorizontalPodAutoscaler')?.spec.metrics ?? [];
    assert.equal(cpu.resource.target.averageUtilization, 60);
    assert.deepEqual(pods, EVERYTHING.autoscaling.metrics[0]);
    const target = { type: 'AverageValue', averageValue: '1.5' };
    const metrics = [
      { type: 'Resource', resource: { name: 'memory', target: { type: 'Utilization', averageUtilization: 80 } } },
      { type: 'ContainerResource', containerResource: { name: 'cpu', container: 'skyops', target } },
      {
        type: 'Object',
        object: { describedObject: { apiVersion: 'v1', kind: 'Service', name: 'a' }, metric: { name: 'b' }, target },
      },
      { type: 'External', external: { metric: { name: 'a', selector: { matchLabels: { b: 'c' } } }, target } },
    ];
    const [, ...others] = byKind(chart(3, { autoscaling: { metrics } }), 'HorizontalPodAutoscaler')?.spec.metrics ?? [];
    assert.deepEqual(others, metrics);
  });

  for (const [what, values, said] of [
    ['a value that is misspelt', { imagge: {} }, /imagge/],
    ['one that is misspelt further down', { service: { prot: 80 } }, /prot/],
    ['a wrong type', { replicaCount: 'two' }, /replicaCount/],
    ['a number beyond its range', { service: { port: 70_000 } }, /service.port|\/service\/port/],
    ['a word that is none of them', { image: { pullPolicy: 'Sometimes' } }, /pullPolicy/],
    ['a digest that is none', { image: { digest: 'sha256:12' } }, /digest/],
    ['a setting that there is not', { config: { SKYOPS_LOGLEVEL: 'debug' } }, /SKYOPS_LOGLEVEL/],
    ['a setting of the wrong type', { config: { SKYOPS_PORT: 'abc' } }, /SKYOPS_PORT/],
    ['a port that nobody can lead to', { config: { SKYOPS_PORT: 0 } }, /SKYOPS_PORT/],
    ['a setting beyond its range', { config: { SKYOPS_KEEP_ALIVE_SECONDS: 99_999 } }, /SKYOPS_KEEP_ALIVE_SECONDS/],
    ['a setting that is none of its words', { config: { SKYOPS_LOG_LEVEL: 'loud' } }, /SKYOPS_LOG_LEVEL/],
    ['credentials that everybody could read', { config: { OTEL_EXPORTER_OTLP_HEADERS: 'a=b' } }, /OTLP_HEADERS/],
    [
      'a drain that goes past the check',
      { extraEnv: [{ name: 'SKYOPS_DRAIN_TIMEOUT_SECONDS', value: '600' }] },
      /extraEnv/,
    ],
    ['a variable that is no setting', { extraEnv: [{ name: 'SKYOPS_LOGLEVEL', value: 'debug' }] }, /extraEnv/],
    [
      'a variable twice',
      { config: { SKYOPS_LOG_LEVEL: 'debug' }, extraEnv: [{ name: 'SKYOPS_LOG_LEVEL', value: 'info' }] },
      /SKYOPS_LOG_LEVEL stands in config and in extraEnv/,
    ],
    ['an amount that is none', { resources: { requests: { cpu: 'lots' } } }, /requests.cpu|\/requests\/cpu/],
    ['a misspelt behavior', { autoscaling: { behavior: { scaleDwon: {} } } }, /scaleDwon/],
    ['a misspelt probe', { livenessProbe: { httpGett: {} } }, /httpGett/],
    ['a wrong security context', { podSecurityContext: { runAsNonRoot: 'nope' } }, /runAsNonRoot/],
    ['a misspelt toleration', { tolerations: [{ bogus: 1 }] }, /bogus/],
    ['a misspelt affinity', { affinity: { podAffinty: {} } }, /podAffinty/],
    ['a misspelt spread', { topologySpreadConstraints: [{ maxSkew: 1, topologyKy: 'a' }] }, /topologyKy/],
    ['a peer that is none', { networkPolicy: { from: [{ podSelectr: {} }] } }, /podSelectr/],
    ['a tag that is none', { image: { tag: 'a b' } }, /image.tag|\/image\/tag/],
    ['a name that no object can have', { nameOverride: 'A_B' }, /nameOverride/],
    ['a port of the nodes without one', { service: { nodePort: 30_080 } }, /service.nodePort and .* not to ClusterIP/],
    ['resources without a CPU request', { resources: { requests: { cpu: null } } }, /cpu/],
    [
      'a request of CPU beyond its limit',
      { resources: { requests: { cpu: 2 }, limits: { cpu: '1500m' } } },
      /requests.cpu \(2\) is more than resources.limits.cpu \(1500m\)/,
    ],
    [
      'a request of memory beyond its limit, in other units',
      { resources: { requests: { memory: '1.1G' }, limits: { memory: '1Gi' } } },
      /requests.memory \(1.1G\) is more than resources.limits.memory \(1Gi\)/,
    ],
    [
      'a drain that is longer than the grace period',
      { termination: { drainTimeoutSeconds: 60 } },
      /60\) \+ 4 for the end is 74, more than gracePeriodSeconds \(45\)/,
    ],
    ['a port of the nodes beyond their range', { service: { type: 'NodePort', nodePort: 8080 } }, /nodePort/],
    ['a Secret without a name', { imagePullSecrets: [{ nam: 'registry' }] }, /imagePullSecrets/],
    ['an Ingress with a path that begins with no slash', { ingress: { hosts: [{ paths: [{ path: 'a' }] }] } }, /path/],
    ['an Ingress with a host that is none', { ingress: { hosts: [{ host: 'http://a' }] } }, /host/],
    ['a misspelt field of an Ingress', { ingress: { hosts: [{ hots: 'a' }] } }, /hots/],
    ['a metric of no type', { autoscaling: { metrics: [{ type: 'Cpu' }] } }, /metrics/],
    ['a metric without its field', { autoscaling: { metrics: [{ type: 'Pods' }] } }, /pods|metrics/],
    [
      'a metric with the field of another type',
      {
        autoscaling: {
          metrics: [{ type: 'External', pods: { metric: { name: 'a' }, target: { type: 'Value', value: '1' } } }],
        },
      },
      /external|metrics/,
    ],
    [
      'a metric with a misspelt target',
      {
        autoscaling: {
          metrics: [
            { type: 'Resource', resource: { name: 'memory', target: { type: 'Utilization', utilization: 5 } } },
          ],
        },
      },
      /utilization/,
    ],
    ['a family of addresses that there is not', { service: { ipFamilies: ['IPv5'] } }, /ipFamilies/],
    [
      'two families for one address',
      { service: { ipFamilyPolicy: 'SingleStack', ipFamilies: ['IPv6', 'IPv4'] } },
      /ipFamilies: two families belong to service.ipFamilyPolicy/,
    ],
    ['two autoscalers', { keda: { enabled: true } }, /two autoscalers would fight/],
    [
      'bounds the wrong way round',
      { autoscaling: { minReplicas: 20 } },
      /minReplicas \(20\) is more than autoscaling.maxReplicas \(10\)/,
    ],
    ['a route without a gateway', { httpRoute: { enabled: true } }, /httpRoute.parentRefs/],
  ] as const) {
    it(`refuses ${what}, and names it`, (test) => {
      const file = join(folderOf(test), 'values.yaml');
      writeFileSync(file, stringify(values));
      for (const version of VERSIONS) {
        const { status, stderr } = helm(version, 'template', 'skyops', CHART, '--values', file);
        assert.notEqual(status, 0, `Helm ${version}`);
        assert.match(stderr, said);
      }
    });
  }

  it('takes what Kubernetes takes: numbers in quotes, null for what is not wanted, every spelling of an amount', () => {
    const container = containerOf(
      chart(4, {
        config: { SKYOPS_PORT: '9001', SKYOPS_MAX_CORES: '2', OTEL_TRACES_SAMPLER_ARG: '0.1' },
        podSecurityContext: { runAsUser: null, fsGroup: null, seLinuxChangePolicy: 'Recursive' },
        securityContext: { runAsUser: null },
        livenessProbe: { initialDelaySeconds: null, httpGet: null, tcpSocket: { port: 'http' } },
        tolerations: [{ operator: 'Exists', effect: '', tolerationSeconds: -1 }],
        resources: { requests: { cpu: '.5', memory: '1000000k' }, limits: { cpu: null, memory: '1e9' } },
      }),
    );
    assert.equal(container.ports[0].containerPort, 9001);
    assert.deepEqual(container.livenessProbe.tcpSocket, { port: 'http' });
    assert.equal(container.resources.requests.cpu, '.5');
  });

  it('tells after the installation what to type next, for this release', (test) => {
    const file = join(folderOf(test), 'values.yaml');
    writeFileSync(file, stringify({ service: { port: 8080 } }));
    // Only a dry run of an installation shows the notes without a cluster.
    const said = helmSays(
      4,
      'install',
      'a-release',
      CHART,
      '--namespace',
      'demo',
      '--values',
      file,
      '--dry-run=client',
    );
    const [, notes = ''] = said.split('NOTES:\n');
    assert.match(notes, /rollout status deployment\/a-release-skyops/);
    assert.match(notes, /helm test a-release --namespace demo/);
    assert.match(notes, /port-forward service\/a-release-skyops 8001:8080/);
    assert.match(notes, /load --url http:\/\/a-release-skyops:8080 --cpu 540m/);
  });

  it('tests with the image that is there already, in a pod that a locked-down cluster admits and no Service selects', () => {
    const manifests = chart(4, EVERYTHING, 'a-release');
    const pod = byKind(manifests, 'Pod');
    assert.equal(pod?.metadata.annotations?.['helm.sh/hook'], 'test');
    const containers = [...(pod?.spec.initContainers ?? []), ...(pod?.spec.containers ?? [])];
    assert.equal(containers.length, 2);
    for (const container of containers) assert.equal(container.image, containerOf(manifests).image);
    const selector: Record<string, string> = byKind(manifests, 'Service')?.spec.selector;
    assert.ok(Object.entries(selector).some(([name, value]) => pod?.metadata.labels?.[name] !== value));
  });

  it('tests a release whose replicas are ready late: waits for the Service first, and for no longer than it is told', () => {
    for (const [values, seconds] of [
      [{}, 60],
      [{ tests: { waitSeconds: 5 } }, 5],
    ] as const) {
      const pod = byKind(chart(4, values), 'Pod')?.spec;
      // An init container, so that nothing else asks before it has ended well.
      assert.deepEqual(pod.initContainers[0].args, ['check', '--wait', `${seconds}s`, 'http://skyops:80/ready']);
      assert.equal(pod.restartPolicy, 'Never');
      assert.deepEqual(
        pod.containers.map(({ args: [command] }: any) => command),
        ['load'],
      );
    }
  });

  it('has a page for Artifact Hub that is true', () => {
    const about = parse(helmSays(4, 'show', 'chart', CHART));
    assert.deepEqual([about.apiVersion, about.type], ['v2', 'application']);
    const [first] = parse(about.annotations['artifacthub.io/images']);
    assert.equal(first.image, containerOf(chart(4, {})).image);
  });
});
