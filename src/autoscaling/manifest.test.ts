/** What is made of the examples of others; against Kubernetes' own code it is held by test/kubernetes/. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readDocuments } from '#kubernetes/yaml.ts';
import { readBehavior, readManifests } from './manifest.ts';

const DEPLOYMENT = `
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      containers:
        - { name: a, image: a, resources: { requests: { cpu: 200m }, limits: { cpu: "1" } } }
        - { name: b, image: b, resources: { requests: { cpu: 0.05 } } }
`;
const AUTOSCALER = `
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: { name: web }
spec:
  scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: web }
  maxReplicas: 7
  metrics: [{ type: Resource, resource: { name: cpu, target: { type: Utilization, averageUtilization: 70 } } }]
  behavior: { scaleDown: { stabilizationWindowSeconds: 60, tolerance: "0.05" } }
`;

const read = (...texts: readonly string[]) =>
  readManifests(texts.map((text, index) => ({ path: `${index}.yaml`, text })));

/** Of the first autoscaler, which must be there. */
function partsOf(...texts: readonly string[]) {
  const [first] = read(...texts).autoscalers;
  assert.ok(first?.parts.ok, JSON.stringify(first?.parts));
  return first.parts.value;
}

function refusalOf(...texts: readonly string[]): string {
  const { autoscalers, errors } = read(...texts);
  const [first] = autoscalers;
  return [...(first === undefined || first.parts.ok ? [] : first.parts.refusal), ...errors].join('\n');
}

const requestOf = (...texts: readonly string[]) => {
  const [measure] = partsOf(...texts).spec.measures;
  return measure.type === 'utilization' ? measure.requestCores : undefined;
};

const withContainers = (containers: string, before = '') =>
  DEPLOYMENT.replace(/ {6}containers:[\s\S]*$/, `${before}      containers:\n${containers}\n`);

describe('the autoscaler of a manifest', () => {
  it('is read with the requests of all containers, and Kubernetes’ defaults where it says nothing', () => {
    const { spec, limitCores } = partsOf(DEPLOYMENT, AUTOSCALER);
    assert.deepEqual(spec.measures, [{ type: 'utilization', requestCores: 0.25, targetPercent: 70 }]);
    assert.equal(limitCores, 1);
    assert.deepEqual([spec.minReplicas, spec.maxReplicas], [1, 7]);
    assert.deepEqual(spec.scaleDown, {
      stabilizationWindowSeconds: 60,
      selectPolicy: 'Max',
      policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }],
      tolerance: 0.05,
    });
    assert.equal(spec.scaleUp.policies.length, 2);
    assert.equal(spec.hasBehavior, true);
  });

  it('counts a native sidecar, and no other init container (kubernetes#119991)', () => {
    const app = '        - { name: app, image: a, resources: { requests: { cpu: 200m } } }';
    const inits = (proxy: string) => `      initContainers:
        - { name: migrate, image: a, resources: { requests: { cpu: 2 } } }
        - { name: proxy, image: a, restartPolicy: Always${proxy} }
`;
    const sidecar = ', resources: { requests: { cpu: 300m } }';
    assert.equal(requestOf(withContainers(app, inits(sidecar)), AUTOSCALER), 0.5);
    assert.match(refusalOf(withContainers(app, inits('')), AUTOSCALER), /no CPU request for container proxy/);
  });

  it('takes the workload of its own namespace', () => {
    const inNamespace = (text: string, namespace: string) =>
      text.replace('{ name: web }', `{ name: web, namespace: ${namespace} }`);
    const staging = inNamespace(
      withContainers('        - { name: a, image: a, resources: { requests: { cpu: 100m } } }'),
      'staging',
    );
    const prod = inNamespace(
      withContainers('        - { name: a, image: a, resources: { requests: { cpu: 500m } } }'),
      'prod',
    );
    assert.equal(requestOf(staging, prod, inNamespace(AUTOSCALER, 'prod')), 0.5);
    assert.match(refusalOf(staging, inNamespace(AUTOSCALER, 'prod')), /there is one only in staging \(0\.yaml\)/);
  });

  it('asks which of two workloads of one name is meant', () => {
    assert.match(refusalOf(DEPLOYMENT, DEPLOYMENT, AUTOSCALER), /stands twice, in 0\.yaml and 1\.yaml/);
  });

  it('is read with merge keys and anchors, as kubectl reads them (yaml#408)', () => {
    const merged = `common: &c { minReplicas: 3, behavior: { scaleDown: { stabilizationWindowSeconds: 60 } } }
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: { name: web }
spec: { <<: *c, scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: web }, maxReplicas: 10 }
`;
    const small = withContainers('        - { name: a, image: a, resources: { requests: { <<: *small } } }').replace(
      'spec:\n',
      'x-small: &small { cpu: 150m }\nspec:\n',
    );
    const { spec } = partsOf(small, merged);
    assert.deepEqual(
      [spec.minReplicas, spec.scaleDown.stabilizationWindowSeconds, requestOf(small, merged)],
      [3, 60, 0.15],
    );
  });

  it('is read in v1, from a list, and with empty keys as Helm renders them', () => {
    const v1 = AUTOSCALER.replace('v2', 'v1').replace(/ {2}metrics[\s\S]*$/, '  targetCPUUtilizationPercentage: 50\n');
    assert.deepEqual(partsOf(DEPLOYMENT, v1).spec.measures, [
      { type: 'utilization', requestCores: 0.25, targetPercent: 50 },
    ]);
    const empty = AUTOSCALER.replace(/ {2}metrics[\s\S]*$/, '  minReplicas:\n  metrics:\n  behavior:\n');
    const { spec } = partsOf(DEPLOYMENT, empty);
    assert.deepEqual(
      [spec.minReplicas, spec.hasBehavior, spec.measures[0]],
      [1, false, { type: 'utilization', requestCores: 0.25, targetPercent: 80 }],
    );
    const indented = (text: string) => text.trim().replaceAll('\n', '\n  ');
    assert.equal(
      partsOf(`apiVersion: v1\nkind: List\nitems:\n- ${indented(DEPLOYMENT)}\n- ${indented(AUTOSCALER)}\n`).spec
        .maxReplicas,
      7,
    );
  });

  it('may look at one container, or at an average', () => {
    const metric = (text: string) => AUTOSCALER.replace(/metrics: .*/, `metrics: [${text}]`);
    const container = metric(
      '{ type: ContainerResource, containerResource: { name: cpu, container: b, target: { type: Utilization, averageUtilization: 40 } } }',
    );
    const { spec, notes, limitCores } = partsOf(DEPLOYMENT, container);
    assert.deepEqual(spec.measures, [{ type: 'utilization', requestCores: 0.05, targetPercent: 40 }]);
    assert.equal(limitCores, null);
    assert.match(notes.join(), /in the container that the metric names/);
    const average = metric(
      '{ type: Resource, resource: { name: cpu, target: { type: AverageValue, averageValue: 300m } } }',
    );
    assert.deepEqual(partsOf(DEPLOYMENT, average).spec.measures, [{ type: 'average', targetCores: 0.3 }]);
  });

  it('says what it leaves out, and what Kubernetes does not know', () => {
    const more = AUTOSCALER.replace(
      'metrics: [',
      'maxReplica: 9\n  metrics: [{ type: Resource, resource: { name: memory, target: { type: Utilization, averageUtilization: 80 } } }, ',
    );
    const notes = partsOf(DEPLOYMENT, more).notes.join('\n');
    assert.match(notes, /more than cpu \(memory\)/);
    assert.match(notes, /does not know: spec\.maxReplica \(perhaps maxReplicas\)\./);
  });

  for (const [what, wrong, said] of [
    [
      'metrics that stand one step too far left',
      AUTOSCALER.replace(/ {2}(metrics: .*\n)(.*\n)/, '$2$1'),
      /: metrics \(it belongs under spec\)\./,
    ],
    [
      'a slip in metadata',
      AUTOSCALER.replace('{ name: web }', '{ name: web, nmespace: shop }'),
      /: metadata\.nmespace \(perhaps namespace\)\./,
    ],
    ['notes of Helm behind it', `${AUTOSCALER}NOTES: |\n  Thank you.\n`, /: NOTES\./],
    [
      'a field too far right',
      AUTOSCALER.replace('name: web }\n  max', 'name: web, minReplicas: 2 }\n  max'),
      /: spec\.scaleTargetRef\.minReplicas \(it belongs further out\)\./,
    ],
  ] as const) {
    it(`is forecast without ${what}, which a note names`, () => {
      assert.match(partsOf(DEPLOYMENT, wrong).notes.join('\n'), said);
    });
  }

  it('says of a request that is misspelt both that it is missing and how it is spelt', () => {
    const slip = DEPLOYMENT.replaceAll('requests:', 'request:');
    assert.match(
      refusalOf(slip, AUTOSCALER),
      /no CPU request for container b.*resources\.request \(perhaps requests\)/s,
    );
    const without = DEPLOYMENT.replaceAll('resources: { requests: { cpu: 0.05 } }', 'requests: { cpu: 0.05 }');
    assert.match(refusalOf(without, AUTOSCALER), /\.requests \(it belongs under resources\)/);
  });

  it('is refused where a name is a list or a map, and the others of the file are read', () => {
    for (const name of ['[a]', '{ a: b }', '7', 'yes']) {
      const wrong = AUTOSCALER.replace('{ name: web }', `{ name: ${name} }`);
      const { autoscalers, errors } = read(DEPLOYMENT, `${wrong}---${AUTOSCALER}`);
      assert.deepEqual(
        autoscalers.map((each) => each.parts.ok),
        [true],
      );
      assert.match(errors.join(), /1\.yaml: a HorizontalPodAutoscaler: metadata\.name is .*; it must be a text/);
    }
  });

  it('is not stopped by a rival, a twin or another workload that the API server refuses', () => {
    const rival = AUTOSCALER.replace('{ name: web }', '{ name: other }').replace('maxReplicas: 7', 'maxReplicas: 0');
    const older = AUTOSCALER.replace('autoscaling/v2', 'autoscaling/v2beta2');
    const unselected = DEPLOYMENT.replace('{ name: web }', '{ name: other }').replace('selector:', 'selectr:');
    assert.equal(read(AUTOSCALER, DEPLOYMENT, rival, older, unselected).autoscalers[0]?.parts.ok, true);
    assert.match(
      refusalOf(AUTOSCALER, DEPLOYMENT, rival.replace('maxReplicas: 0', 'maxReplicas: 9')),
      /AmbiguousSelector/,
    );
  });

  it('is forecast without a LimitRange that the API server refuses, which is named', () => {
    const range =
      'apiVersion: v1\nkind: LimitRange\nmetadata: { name: limits }\nspec: { limits: [{ type: Container, default: { cpu: 1 m } }] }\n';
    const { autoscalers, errors } = read(DEPLOYMENT, AUTOSCALER, range);
    assert.equal(autoscalers[0]?.parts.ok, true);
    assert.match(
      errors.join(),
      /2\.yaml, LimitRange limits: spec\.limits\[0\]\.default\.cpu is "1 m"; it must be a quantity/,
    );
  });

  it('says that minReplicas: 0 is new, and what replicas out of its bounds become', () => {
    const zero = AUTOSCALER.replace('maxReplicas: 7', 'maxReplicas: 7\n  minReplicas: 0').replace(
      'metrics: [',
      'metrics: [{ type: External, external: { metric: { name: q }, target: { type: Value, value: 3 } } }, ',
    );
    assert.match(partsOf(DEPLOYMENT, zero).notes.join('\n'), /Kubernetes before 1\.37 refuses that/);
    const many = DEPLOYMENT.replace('spec:\n  selector', 'spec:\n  replicas: 50\n  selector');
    assert.match(partsOf(many, AUTOSCALER).notes.join('\n'), /asks for 50 replicas; the autoscaler makes 7 of them/);
  });

  it('is read in seconds from thousands of anchors, pairs and lines at the margin', { timeout: 120_000 }, () => {
    const numbers = Array.from({ length: 20_000 }, (_, index) => index);
    const anchors = numbers.map((each) => `a${each}: &x${each} { y: 1 }\nb${each}: *x${each}\n`).join('');
    const margin = `a:\n  b: [\n${numbers.map((each) => `${each},\n`).join('')}]\n`;
    for (const text of [anchors, margin]) assert.equal(readDocuments(text).error, undefined);
    const pairs = numbers
      .slice(0, 2000)
      .flatMap((each) => [DEPLOYMENT, AUTOSCALER].map((text) => text.replaceAll('web', `web${each}`)));
    const { autoscalers } = read(pairs.join('---'));
    assert.equal(autoscalers.filter(({ parts }) => parts.ok).length, 2000);
  });

  it('is found beside files that cannot be read, which are named', () => {
    const { autoscalers, errors } = read(DEPLOYMENT, AUTOSCALER, 'replicaCount: 2\n', 'a: [', '{{ .Values.a }}\n');
    assert.equal(autoscalers[0]?.parts.ok, true);
    assert.equal(errors.length, 3);
    assert.match(
      errors.join('\n'),
      /2\.yaml: a document has no kind.*\n3\.yaml cannot be read.*\n4\.yaml cannot be read: .*must be rendered first/,
    );
  });

  it('is read beside texts with templates of others in them', () => {
    const rules =
      'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: rules}\ndata:\n  a: |\n    {{ range .Alerts }}\n    {{- end }}\n';
    assert.deepEqual(read(`${rules}---${DEPLOYMENT}---${AUTOSCALER}`).errors, []);
  });

  it('is read beside a document of aliases of aliases, which is refused as kubectl refuses it', () => {
    const levels = 'bcdefghij'.split('').map((name, index) => {
      const before = 'abcdefghi'[index];
      return `${name}: &${name} [${Array(9).fill(`*${before}`).join()}]\n`;
    });
    const started = performance.now();
    const { documents, error } = readDocuments(`kind: A\n---\na: &a [x,x,x,x,x,x,x,x,x]\n${levels.join('')}`);
    assert.deepEqual([documents.length, error?.includes('excessive aliasing')], [1, true]);
    // Written out it is 9 to the 10th, 3.5 billion, words.
    assert.ok(performance.now() - started < 5000);
  });

  it('says where a line --- is missing between two objects', () => {
    const { notes, autoscalers } = read(`${AUTOSCALER}${DEPLOYMENT}`);
    assert.equal(autoscalers.length, 0);
    assert.match(notes.join(), /0\.yaml: two objects stand in one document.*A line --- is missing/);
    assert.deepEqual(read(`${AUTOSCALER}---${DEPLOYMENT}`).notes, []);
  });

  it('has a behavior that may be given by itself, and is refused as Kubernetes would', () => {
    const behavior = readBehavior(
      '{"scaleDown":{"stabilizationWindowSeconds":60,"policies":[{"type":"Pods","value":1,"periodSeconds":30}]}}',
    );
    assert.ok(behavior.ok && behavior.value.hasBehavior);
    assert.equal(behavior.value.scaleDown.stabilizationWindowSeconds, 60);
    assert.deepEqual(behavior.value.scaleDown.policies, [{ type: 'Pods', value: 1, periodSeconds: 30 }]);
    for (const wrong of [
      '{"scaleDown":{"stabilizationWindowSeconds":4000}}',
      '{"scaleUp":{"policies":[]}}',
      '{"scaleDwon":{}}',
      '{"scaleDown":{"stabilisationWindowSeconds":60}}',
      '7',
      '{',
    ])
      assert.equal(readBehavior(wrong).ok, false, wrong);
  });

  for (const [what, texts, said] of [
    ['no target', [AUTOSCALER], /scales Deployment web of apps\/v1, which is not in what was given/],
    [
      'a field that is wrong',
      [DEPLOYMENT, AUTOSCALER.replace('7', 'many')],
      /1\.yaml, HorizontalPodAutoscaler web: spec\.maxReplicas is "many"; it must be a whole number/,
    ],
    [
      'a number in quotes',
      [DEPLOYMENT, AUTOSCALER.replace('7', '"7"')],
      /spec\.maxReplicas is "7"; it must be a number: take the quotes away/,
    ],
    ['another metric', [DEPLOYMENT, AUTOSCALER.replace('name: cpu', 'name: memory')], /no metric of cpu, only memory/],
    [
      'no request',
      [DEPLOYMENT.replace('requests: { cpu: 0.05 }', 'limits: {}'), AUTOSCALER],
      /Deployment web \(0\.yaml\) has no CPU request for container b/,
    ],
    [
      'an older version',
      [DEPLOYMENT, AUTOSCALER.replace('v2', 'v2beta2')],
      /apiVersion is autoscaling\/v2beta2; .*Write autoscaling\/v2: the fields are the same/,
    ],
    [
      'a least of nothing',
      [DEPLOYMENT, AUTOSCALER.replace('maxReplicas: 7', 'maxReplicas: 7\n  minReplicas: 0')],
      /spec\.minReplicas is 0; it must be at least 1/,
    ],
  ] as const) {
    it(`refuses ${what}, and says so`, () => {
      assert.match(refusalOf(...texts), said);
    });
  }
});
