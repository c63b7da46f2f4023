/** What skyops hpa says to a person who gives it files and options. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { systemClock } from '#foundation/clock.ts';
import { runCommand } from '../program.ts';

const folder = mkdtempSync(join(tmpdir(), 'skyops-hpa-'));
after(() => rmSync(folder, { recursive: true }));

const objects = (name: string, replicas = '', more = '') => `
apiVersion: apps/v1
kind: Deployment
metadata: { name: ${name} }
spec:
  ${replicas}
  selector: { matchLabels: { app: ${name} } }
  template:
    metadata: { labels: { app: ${name} } }
    spec:
      containers:
        - { name: web, image: web, resources: { requests: { cpu: 200m }, limits: { cpu: 500m } } }
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: { name: ${name} }
${more}
spec:
  scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: ${name} }
  minReplicas: 2
  maxReplicas: 10
`;

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

async function hpa(...words: readonly string[]) {
  let [out, err] = ['', ''];
  const parts = {
    terminal: {
      out: (text: string) => {
        out += text;
      },
      err: (text: string) => {
        err += text;
      },
      isWatched: false,
      interrupt: new AbortController().signal,
    },
    clock: systemClock,
    environment: {},
    openMachine: () => assert.fail('a forecast needs no machine'),
    serve: () => assert.fail('a forecast serves nothing'),
  };
  const exitCode = await runCommand(['hpa', ...words], '1.2.3', parts);
  return { exitCode, out, err };
}

describe('skyops hpa', () => {
  const web = file('web.yaml', objects('web'));

  it('shows what was left out below a table too, with the name of each autoscaler', async () => {
    const slip = file('slip.yaml', objects('slip', '', 'behavior: { scaleDown: { stabilizationWindowSeconds: 60 } }'));
    const { exitCode, out } = await hpa('--file', web, '--file', slip, '--load', '1');
    assert.equal(exitCode, 0);
    assert.match(
      out,
      /What the forecasts leave out:\n {2}default\/slip: .*does not know: behavior \(it belongs under spec\)/,
    );
  });

  it('names the autoscaler that an option makes impossible', async () => {
    const other = file('other.yaml', objects('other').replace('limits: { cpu: 500m }', 'limits: { cpu: 2 }'));
    const { exitCode, out } = await hpa('--file', web, '--file', other, '--load', '1', '--request', '900m');
    assert.equal(exitCode, 1, 'one of two');
    assert.match(out, /default\/web: --request, which is 900m, must be at most the limit of the file, which is 500m\./);
  });

  it('takes a file that is given twice as one', async () => {
    const { exitCode, out } = await hpa(
      '--file',
      web,
      '--file',
      folder.concat('/../', folder.split('/').at(-1) ?? '', '/web.yaml'),
      '--load',
      '1',
    );
    assert.equal(exitCode, 0);
    assert.match(out, /It settles at \d+ from/);
  });

  it('says that the most replicas hold it, that pods start in turn, and with how many it begins', async () => {
    const store = objects('store', 'replicas: 3').replace('kind: Deployment', 'kind: StatefulSet');
    const path = file('store.yaml', store.replace('kind: Deployment,', 'kind: StatefulSet,'));
    const { out } = await hpa('--file', path, '--load', '3');
    assert.match(out, /\nAt the end it wants \d+ replicas, and the most is 10: /);
    assert.match(out, /\nA StatefulSet starts its pods one after the other/);
    assert.match(
      out,
      /\nIt begins with 2, where it settles without load; the manifest asks for 3: --replicas 3 begins there\./,
    );
    const enough = await hpa('--file', path, '--load', '1', '--replicas', '3');
    assert.doesNotMatch(enough.out, /At the end|It begins/);
  });

  it('lets a container use its whole limit, and a SkyOps what it leaves itself of it', async () => {
    const own = file('own.yaml', objects('own').replace('image: web', 'image: registry.example/skyops:1.0'));
    assert.match((await hpa('--file', web, '--load', '3')).out, /At first each uses 500m, the most that it may: 251 %/);
    assert.match((await hpa('--file', own, '--load', '3')).out, /At first each uses 400m, the most that it may: 201 %/);
  });

  it('does not forecast what replicas: 0 has switched off, but what --replicas says', async () => {
    const idle = file('idle.yaml', objects('idle', 'replicas: 0'));
    const { exitCode, err } = await hpa('--file', idle, '--load', '1');
    assert.equal(exitCode, 2);
    assert.match(err, /has replicas: 0, which switches its autoscaler off/);
    assert.equal((await hpa('--file', idle, '--load', '1', '--replicas', '3')).exitCode, 0);
  });

  it('takes a target with its sign, and shows hours from an hour on', async () => {
    const { out } = await hpa('--file', web, '--load', '1', '--target', '50%', '--for', '24h');
    assert.match(out, /target 50 % \(100m\)/);
    assert.match(out, /\n24:00:00 /);
  });

  for (const [words, said] of [
    ['--request 1 --target 50 --max 3 --name web', /--name looks into --file, which is missing\./],
    [
      '--request 1 --target 50 --max 3 --shape ramp:from=100m,to=3',
      /--shape: 3 is a share of the whole, and more than 1/,
    ],
    [
      '--request 1 --target 50 --max 3 --shape spike:base=0,peak=1,at=10m,for=10m',
      /--shape: at \+ for must be at most --for\./,
    ],
    ['--request 1 --target 50 --max 20000', /--max is 20000, and a forecast goes up to 10000/],
    ['--request 1 --target 50 --max 3 --behavior null', /--behavior must be one map/],
    ['--request 1 --target 50 --max 3 --behavior []', /--behavior: it is an empty list; it must be a map of fields\./],
    [
      '--request 1 --target 50 --max 3 --behavior {"scaleDwon":{}}',
      /--behavior: scaleDwon \(perhaps scaleDown\) is no field of it\./,
    ],
    ['--request 0 --target 50 --max 3', /an amount of CPU such as 250m or 1\.5, at least 1m and below 1000/],
  ] as const) {
    it(`refuses “${words}” with exit code 2, and says what would be right`, async () => {
      const { exitCode, out, err } = await hpa('--load', '1', ...words.split(' '));
      assert.deepEqual([exitCode, out], [2, '']);
      assert.match(err, said);
    });
  }
});
