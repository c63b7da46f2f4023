import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parse } from 'yaml';
import { readBehavior, readManifest } from './manifest.ts';

const DEPLOYMENT = `
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  template:
    spec:
      containers:
        - { name: a, resources: { requests: { cpu: 200m }, limits: { cpu: "1" } } }
        - { name: b, resources: { requests: { cpu: 0.05 } } }
`;
const AUTOSCALER = `
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: { name: web }
spec:
  scaleTargetRef: { kind: Deployment, name: web }
  maxReplicas: 7
  metrics: [{ type: Resource, resource: { name: cpu, target: { type: Utilization, averageUtilization: 70 } } }]
  behavior: { scaleDown: { stabilizationWindowSeconds: 60, tolerance: "0.05" } }
`;

const refusalOf = (yaml: string) => {
  const read = readManifest(yaml);
  return read.ok ? [] : read.refusal;
};

describe('the autoscaler of a manifest', () => {
  it('is read with the requests of all containers, and Kubernetes’ defaults where it says nothing', () => {
    const read = readManifest(`${DEPLOYMENT}---${AUTOSCALER}`);
    assert.ok(read.ok);
    assert.equal(read.value.requestCores, 0.25);
    assert.equal(read.value.limitCores, null);
    assert.deepEqual(
      [read.value.spec.minReplicas, read.value.spec.maxReplicas, read.value.spec.targetUtilization],
      [1, 7, 70],
    );
    assert.deepEqual(read.value.spec.scaleDown, {
      stabilizationWindowSeconds: 60,
      selectPolicy: 'Max',
      policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }],
      tolerance: 0.05,
    });
    assert.equal(read.value.spec.scaleUp.policies.length, 2);
    assert.equal(read.value.spec.hasBehavior, true);
  });

  it('is read from a list, as kubectl gives it, and says what of it is left out', () => {
    const [target = '', autoscaler = ''] = [DEPLOYMENT, AUTOSCALER].map((each) => JSON.stringify(parse(each)));
    const memory = autoscaler.replace(
      '"metrics":[',
      '"metrics":[{"type":"Resource","resource":{"name":"memory","target":{"type":"Utilization","averageUtilization":80}}},',
    );
    const read = readManifest(`{"apiVersion":"v1","kind":"List","items":[${target},${memory}]}`);
    assert.ok(read.ok);
    assert.equal(read.value.spec.maxReplicas, 7);
    assert.deepEqual(read.value.notes, ['It looks at more than cpu (memory), which may want more replicas.']);
  });

  it('is refused where there are two, with their names', () => {
    const second = AUTOSCALER.replace('metadata: { name: web }', 'metadata: { name: other }');
    assert.deepEqual(refusalOf([DEPLOYMENT, AUTOSCALER, second].join('---')), [
      'There are 2 autoscalers in it (web, other): give the file of one of them.',
    ]);
  });

  it('has a behavior that may be given by itself, and is refused as Kubernetes would', () => {
    const read = readBehavior(
      '{"scaleDown":{"stabilizationWindowSeconds":60,"policies":[{"type":"Pods","value":1,"periodSeconds":30}]}}',
    );
    assert.ok(read.ok && read.value.hasBehavior);
    assert.equal(read.value.scaleDown.stabilizationWindowSeconds, 60);
    assert.deepEqual(read.value.scaleDown.policies, [{ type: 'Pods', value: 1, periodSeconds: 30 }]);
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

  it('is read as the API server gives it back, and with what Kubernetes adds', () => {
    const exported = AUTOSCALER.replace('"0.05"', '50m');
    const limited = DEPLOYMENT.replace('requests: { cpu: 0.05 }', 'limits: { cpu: 50m }');
    const read = readManifest(`${limited}---${exported}`);
    assert.ok(read.ok);
    assert.deepEqual(
      [read.value.requestCores, read.value.limitCores, read.value.spec.scaleDown.tolerance],
      [0.25, 1.05, 0.05],
    );
    const bare = readManifest(`${DEPLOYMENT}---${AUTOSCALER.replace(/ {2}(metrics|behavior).*\n/g, '')}`);
    assert.ok(bare.ok);
    assert.deepEqual([bare.value.spec.hasBehavior, bare.value.spec.targetUtilization], [false, 80]);
  });

  for (const [what, yaml, said] of [
    ['no autoscaler', DEPLOYMENT, /no HorizontalPodAutoscaler/],
    ['no target', AUTOSCALER, /scales Deployment web, which is not in it/],
    ['a field that is wrong', `${DEPLOYMENT}---${AUTOSCALER.replace('7', 'many')}`, /maxReplicas: must be integer/],
    [
      'another metric',
      `${DEPLOYMENT}---${AUTOSCALER.replace('name: cpu', 'name: memory')}`,
      /no metric of type Resource for cpu/,
    ],
    ['another target', `${DEPLOYMENT}---${AUTOSCALER.replace('Utilization', 'AverageValue')}`, /AverageValue/],
    [
      'no request',
      `${DEPLOYMENT.replace('requests: { cpu: 0.05 }', 'limits: {}')}---${AUTOSCALER}`,
      /nothing to divide by/,
    ],
    ['an older version', `${DEPLOYMENT}---${AUTOSCALER.replace('v2', 'v1')}`, /apiVersion/],
    ['no YAML', 'a: [', /not YAML/],
    ['nothing', '', /no HorizontalPodAutoscaler/],
  ] as const) {
    it(`refuses ${what}, and says so`, () => {
      assert.match(refusalOf(yaml).join('\n'), said);
    });
  }
});
