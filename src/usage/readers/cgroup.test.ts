import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { makeFileTree } from '#test/support/file-tree.ts';
import { seed } from '#test/support/schema-arbitrary.ts';
import { createCgroupReader } from './cgroup.ts';

const V2_MOUNT = '30 20 0:26 / /sys/fs/cgroup ro,nosuid shared:4 - cgroup2 cgroup rw,nsdelegate\n';
const v1Mount = (controllers: string, root = '/') =>
  `40 30 0:30 ${root} /sys/fs/cgroup/${controllers} rw - cgroup cgroup rw,${controllers}\n`;

/** A pod with cgroup version 2 and a private namespace: the container's own folder is the mount. */
const POD_V2 = {
  'proc/self/mountinfo': V2_MOUNT,
  'proc/self/cgroup': '0::/\n',
  'sys/fs/cgroup/cpu.max': '50000 100000\n',
  'sys/fs/cgroup/cpu.stat': 'usage_usec 2500000\nuser_usec 1\nnr_periods 40\nnr_throttled 4\nthrottled_usec 120000\n',
  'sys/fs/cgroup/memory.max': '268435456\n',
  'sys/fs/cgroup/memory.current': '100000000\n',
  'sys/fs/cgroup/memory.stat': 'anon 1\ninactive_file 30000000\n',
  'sys/fs/cgroup/memory.events': 'low 0\noom 1\noom_kill 1\n',
  'sys/fs/cgroup/pids.max': 'max\n',
  'sys/fs/cgroup/pids.current': '12\n',
  'sys/fs/cgroup/cpu.pressure':
    'some avg10=1.20 avg60=0.80 avg300=0.10 total=1500000\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=250000\n',
  'sys/fs/cgroup/memory.pressure': 'some avg10=0.00 avg60=0.00 avg300=0.00 total=42\n',
};

const HOST_PATH = '/kubepods/burstable/pod1/abc';
/** A container with version 1 and without a namespace of its own: the path is the host's. */
const POD_V1 = {
  'proc/self/mountinfo': v1Mount('cpu', HOST_PATH) + v1Mount('cpuacct', HOST_PATH) + v1Mount('memory', HOST_PATH),
  'proc/self/cgroup': `4:cpu:${HOST_PATH}\n3:cpuacct:${HOST_PATH}\n2:memory:${HOST_PATH}\n`,
  'sys/fs/cgroup/cpu/cpu.cfs_quota_us': '150000\n',
  'sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000\n',
  'sys/fs/cgroup/cpu/cpu.stat': 'nr_periods 10\nnr_throttled 2\nthrottled_time 1500000000\n',
  'sys/fs/cgroup/cpuacct/cpuacct.usage': '7000000000\n',
  'sys/fs/cgroup/memory/memory.limit_in_bytes': '1048576\n',
  'sys/fs/cgroup/memory/memory.usage_in_bytes': '524288\n',
  'sys/fs/cgroup/memory/memory.stat': 'inactive_file 5\ntotal_inactive_file 24288\n',
  'sys/fs/cgroup/memory/memory.oom_control': 'oom_kill_disable 0\nunder_oom 0\noom_kill 3\n',
};

const NOTHING = {
  cgroupVersion: null,
  cpuLimitCores: null,
  cpuUsageSeconds: null,
  cpuPeriods: null,
  cpuThrottledPeriods: null,
  cpuThrottledSeconds: null,
  memoryLimitBytes: null,
  memoryUsageBytes: null,
  memoryWorkingSetBytes: null,
  memoryOomKills: null,
  pidsLimit: null,
  pids: null,
  cpuPressureWaitingSeconds: null,
  cpuPressureStalledSeconds: null,
  memoryPressureWaitingSeconds: null,
  memoryPressureStalledSeconds: null,
  ioPressureWaitingSeconds: null,
  ioPressureStalledSeconds: null,
};

describe('the cgroup reader', () => {
  it('reads version 2 in a pod', (test) => {
    assert.deepEqual(createCgroupReader(makeFileTree(test, POD_V2)).read(), {
      cgroupVersion: 2,
      cpuLimitCores: 0.5,
      cpuUsageSeconds: 2.5,
      cpuPeriods: 40,
      cpuThrottledPeriods: 4,
      cpuThrottledSeconds: 0.12,
      memoryLimitBytes: 268_435_456,
      memoryUsageBytes: 100_000_000,
      memoryWorkingSetBytes: 70_000_000,
      memoryOomKills: 1,
      pidsLimit: null,
      pids: 12,
      cpuPressureWaitingSeconds: 1.5,
      cpuPressureStalledSeconds: 0.25,
      memoryPressureWaitingSeconds: 0.000042,
      // Not in the file, or no file at all.
      memoryPressureStalledSeconds: null,
      ioPressureWaitingSeconds: null,
      ioPressureStalledSeconds: null,
    });
  });

  it('reads single values as the whole reading has them, with the headroom below the limit', (test) => {
    const reader = createCgroupReader(makeFileTree(test, POD_V2));
    assert.deepEqual(reader.cpu(), { limitCores: 0.5, unreadable: undefined });
    assert.equal(reader.cpuThrottledSeconds(), 0.12);
    // The file cache that nobody uses would be dropped before anybody is killed.
    assert.deepEqual(reader.memory(), {
      limitBytes: 268_435_456,
      headroomBytes: 268_435_456 - 70_000_000,
      unreadable: undefined,
    });
  });

  it('takes the headroom of the tightest group on the way up, which need not be the one with the lowest limit', (test) => {
    const reader = createCgroupReader(
      makeFileTree(test, {
        'proc/self/mountinfo': V2_MOUNT,
        'proc/self/cgroup': '0::/pod/container\n',
        'sys/fs/cgroup/pod/container/memory.max': '200000000\n',
        'sys/fs/cgroup/pod/container/memory.current': '50000000\n',
        'sys/fs/cgroup/pod/container/memory.stat': 'inactive_file 0\n',
        'sys/fs/cgroup/pod/memory.max': '300000000\n',
        'sys/fs/cgroup/pod/memory.current': '280000000\n',
        'sys/fs/cgroup/pod/memory.stat': 'inactive_file 10000000\n',
      }),
    );
    assert.deepEqual(reader.memory(), { limitBytes: 200_000_000, headroomBytes: 30_000_000, unreadable: undefined });
  });

  it('knows no headroom where there is no limit', (test) => {
    const reader = createCgroupReader(makeFileTree(test, { ...POD_V2, 'sys/fs/cgroup/memory.max': 'max\n' }));
    assert.deepEqual(reader.memory(), { limitBytes: null, headroomBytes: null, unreadable: undefined });
  });

  // Each of them would be "no limit" to a reader that takes what it cannot read for nothing.
  for (const [what, pod, broken, file] of [
    ['a CPU limit of version 2 that is garbage', POD_V2, { 'sys/fs/cgroup/cpu.max': 'fifty\n' }, 'cpu.max'],
    ['a CPU limit of version 2 that is empty', POD_V2, { 'sys/fs/cgroup/cpu.max': '' }, 'cpu.max'],
    ['a CPU limit of version 2 without its period', POD_V2, { 'sys/fs/cgroup/cpu.max': '50000\n' }, 'cpu.max'],
    ['a CPU limit of version 2 that is gone', POD_V2, { 'sys/fs/cgroup/cpu.max': null }, 'cpu.max'],
    ['a CPU quota of version 1 that is garbage', POD_V1, { 'sys/fs/cgroup/cpu/cpu.cfs_quota_us': 'x' }, 'quota'],
    ['a CPU quota of version 1 without its period', POD_V1, { 'sys/fs/cgroup/cpu/cpu.cfs_period_us': null }, 'quota'],
    ['a CPU quota of version 1 that is gone', POD_V1, { 'sys/fs/cgroup/cpu/cpu.cfs_quota_us': null }, 'quota'],
    ['a memory limit of version 2 that is garbage', POD_V2, { 'sys/fs/cgroup/memory.max': '\u0000' }, 'memory.max'],
    ['a memory limit of version 2 that is gone', POD_V2, { 'sys/fs/cgroup/memory.max': null }, 'memory.max'],
    ['a memory usage that is garbage', POD_V2, { 'sys/fs/cgroup/memory.current': '-1' }, 'memory.current'],
    ['a memory usage that is gone', POD_V2, { 'sys/fs/cgroup/memory.current': null }, 'memory.current'],
    [
      'a memory limit of version 1 that is gone',
      POD_V1,
      { 'sys/fs/cgroup/memory/memory.limit_in_bytes': null },
      'limit',
    ],
    [
      'a memory usage of version 1 that is gone',
      POD_V1,
      { 'sys/fs/cgroup/memory/memory.usage_in_bytes': null },
      'usage',
    ],
  ] as const) {
    it(`says that it cannot read ${what}, and invents no limit and no headroom`, (test) => {
      const root = makeFileTree(test, pod);
      for (const [name, text] of Object.entries(broken)) {
        if (text === null) rmSync(join(root, name));
        else writeFileSync(join(root, name), text);
      }
      const reader = createCgroupReader(root);
      const isCpu = Object.keys(broken).some((name) => name.includes('/cpu'));
      assert.match((isCpu ? reader.cpu() : reader.memory()).unreadable ?? '', new RegExp(file));
      // What the other controller says is not touched by it.
      assert.equal((isCpu ? reader.memory() : reader.cpu()).unreadable, undefined);
      const { cpuLimitCores, memoryLimitBytes } = reader.read();
      assert.equal(isCpu ? cpuLimitCores : reader.memory().headroomBytes, null);
      assert.ok(
        memoryLimitBytes === null ||
          Object.keys(broken)
            .join()
            .match(/usage|current|cpu/),
        'a made-up limit',
      );
    });
  }

  it('finds a limit that is unreadable on one of the groups around it', (test) => {
    const root = makeFileTree(test, {
      'proc/self/mountinfo': V2_MOUNT,
      'proc/self/cgroup': '0::/pod/container\n',
      'sys/fs/cgroup/pod/container/cpu.max': '150000 100000\n',
      'sys/fs/cgroup/pod/cpu.max': 'broken\n',
    });
    const { limitCores, unreadable } = createCgroupReader(root).cpu();
    assert.deepEqual([limitCores, unreadable?.endsWith('pod/cpu.max')], [1.5, true]);
  });

  it('knows no limit where only groups around its own can be seen, and says so', (test) => {
    // As `-v /sys/fs/cgroup:/sys/fs/cgroup` shows the host's groups in a container with a namespace of its own.
    const outside = V2_MOUNT.replace(' / ', ' /../.. ');
    const files = { 'proc/self/cgroup': '0::/\n', 'sys/fs/cgroup/cpu.stat': 'usage_usec 5\n' };
    const reader = createCgroupReader(makeFileTree(test, { ...files, 'proc/self/mountinfo': outside }));
    for (const { unreadable } of [reader.cpu(), reader.memory()]) assert.match(unreadable ?? '', /sys\/fs\/cgroup$/);
    assert.equal(
      createCgroupReader(makeFileTree(test, { ...files, 'proc/self/mountinfo': V2_MOUNT })).cpu().unreadable,
      undefined,
    );
  });

  it('prefers a mount that shows its own group', (test) => {
    const root = makeFileTree(test, {
      ...POD_V2,
      'proc/self/mountinfo': `${V2_MOUNT.replace(' / ', ' /../.. ').replace('/sys/fs/cgroup', '/host/cgroup')}${V2_MOUNT}`,
    });
    const { limitCores, unreadable } = createCgroupReader(root).cpu();
    assert.deepEqual([typeof limitCores, unreadable], ['number', undefined]);
  });

  it('takes a group whose controller is off for one without a limit', (test) => {
    const root = makeFileTree(test, {
      'proc/self/mountinfo': V2_MOUNT,
      'proc/self/cgroup': '0::/\n',
      // The root of a hierarchy counts usage, but has neither limits nor periods.
      'sys/fs/cgroup/cpu.stat': 'usage_usec 5\nuser_usec 3\nsystem_usec 2\n',
      'sys/fs/cgroup/memory.stat': 'anon 1\ninactive_file 2\n',
    });
    const reader = createCgroupReader(root);
    assert.deepEqual(reader.cpu(), { limitCores: null, unreadable: undefined });
    assert.deepEqual(reader.memory(), { limitBytes: null, headroomBytes: null, unreadable: undefined });
  });

  it('knows nothing of a mount that another one hides', (test) => {
    const hidden = `${V2_MOUNT}50 30 0:40 / /sys/fs rw - tmpfs tmpfs rw\n`;
    const root = makeFileTree(test, { 'proc/self/mountinfo': hidden, 'proc/self/cgroup': '0::/\n' });
    assert.deepEqual(createCgroupReader(root).read(), NOTHING);
  });

  it('reads fractions of a CPU', (test) => {
    for (const [text, cores] of [
      ['150000 100000\n', 1.5],
      ['1000 100000\n', 0.01],
      ['33333 50000\n', 0.666_66],
    ] as const) {
      const root = makeFileTree(test, { ...POD_V2, 'sys/fs/cgroup/cpu.max': text });
      assert.equal(createCgroupReader(root).cpu().limitCores, cores);
    }
  });

  it('says null for limits that are not set, in both versions', (test) => {
    const v2 = makeFileTree(test, {
      ...POD_V2,
      'sys/fs/cgroup/cpu.max': 'max 100000\n',
      'sys/fs/cgroup/memory.max': 'max\n',
    });
    const v1 = makeFileTree(test, {
      'proc/self/mountinfo': v1Mount('cpu,cpuacct') + v1Mount('memory'),
      'proc/self/cgroup': '3:cpu,cpuacct:/\n2:memory:/\n',
      'sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us': '-1\n',
      'sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us': '100000\n',
      'sys/fs/cgroup/memory/memory.limit_in_bytes': '9223372036854771712\n',
    });
    for (const root of [v2, v1]) {
      const { cpuLimitCores, memoryLimitBytes } = createCgroupReader(root).read();
      assert.deepEqual([cpuLimitCores, memoryLimitBytes], [null, null]);
    }
  });

  it('reads version 1 in a container without a cgroup namespace, where the path is the host’s', (test) => {
    const root = makeFileTree(test, POD_V1);
    assert.deepEqual(createCgroupReader(root).read(), {
      ...NOTHING,
      cgroupVersion: 1,
      cpuLimitCores: 1.5,
      cpuUsageSeconds: 7,
      cpuPeriods: 10,
      cpuThrottledPeriods: 2,
      cpuThrottledSeconds: 1.5,
      memoryLimitBytes: 1_048_576,
      memoryUsageBytes: 524_288,
      memoryWorkingSetBytes: 500_000,
      memoryOomKills: 3,
    });
  });

  it('takes the tightest limit on the way up', (test) => {
    const folder = 'sys/fs/cgroup/system.slice/skyops.service';
    const root = makeFileTree(test, {
      'proc/self/mountinfo': V2_MOUNT,
      'proc/self/cgroup': '0::/system.slice/skyops.service\n',
      [`${folder}/cpu.max`]: '400000 100000\n',
      [`${folder}/memory.max`]: 'max\n',
      'sys/fs/cgroup/system.slice/cpu.max': '250000 100000\n',
      'sys/fs/cgroup/system.slice/memory.max': '1000000\n',
    });
    const { cpuLimitCores, memoryLimitBytes } = createCgroupReader(root).read();
    assert.deepEqual([cpuLimitCores, memoryLimitBytes], [2.5, 1_000_000]);
  });

  it('reads version 1 on a hybrid machine, where version 2 is mounted without controllers', (test) => {
    const root = makeFileTree(test, {
      'proc/self/mountinfo': `${V2_MOUNT.replace('/sys/fs/cgroup ', '/sys/fs/cgroup/unified ')}${v1Mount('cpu')}`,
      'proc/self/cgroup': '1:cpu:/\n0::/\n',
      'sys/fs/cgroup/cpu/cpu.cfs_quota_us': '20000\n',
      'sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000\n',
    });
    const { cgroupVersion, cpuLimitCores } = createCgroupReader(root).read();
    assert.deepEqual([cgroupVersion, cpuLimitCores], [1, 0.2]);
  });

  it('reads a changed limit the next time: a pod can be resized in place', (test) => {
    const root = makeFileTree(test, POD_V2);
    const reader = createCgroupReader(root);
    assert.equal(reader.read().cpuLimitCores, 0.5);
    for (const [text, cores] of [
      ['200000 100000\n', 2],
      ['25000 100000\n', 0.25],
      ['max 100000\n', null],
    ] as const) {
      writeFileSync(`${root}/sys/fs/cgroup/cpu.max`, text);
      assert.deepEqual([reader.read().cpuLimitCores, reader.cpu().limitCores], [cores, cores]);
    }
    for (const [text, bytes] of [
      ['536870912\n', 536_870_912],
      ['134217728\n', 134_217_728],
      ['max\n', null],
    ] as const) {
      writeFileSync(`${root}/sys/fs/cgroup/memory.max`, text);
      assert.deepEqual([reader.read().memoryLimitBytes, reader.memory().limitBytes], [bytes, bytes]);
    }
  });

  it('knows nothing, and says so, where there are no cgroups', (test) => {
    assert.deepEqual(createCgroupReader(makeFileTree(test, { 'etc/hostname': 'x' })).read(), NOTHING);
  });

  it('does not know what is less than nothing, or more than any counter', (test) => {
    const file = Object.keys(POD_V2).find((name) => name.endsWith('/pids.current')) ?? '';
    for (const [text, pids] of [
      ['7\n', 7],
      ['-1\n', null],
      [`${'9'.repeat(400)}\n`, null],
    ] as const) {
      const root = makeFileTree(test, { ...POD_V2, [file]: text });
      assert.equal(createCgroupReader(root).read().pids, pids, text);
    }
  });

  it('never throws and never invents a number, whatever the files hold', (test) => {
    const chosenSeed = seed();
    test.diagnostic(`seed ${chosenSeed}; FUZZ_SEED=${chosenSeed} repeats it`);
    const content = fc.oneof(
      fc.string(),
      fc.constantFrom(
        '',
        '\n',
        'max',
        'max max',
        '-1',
        '-1 0',
        '9'.repeat(400),
        '0 0',
        'NaN',
        '1e9',
        '0x10',
        ' 5',
        '5 5 5',
        '50000',
      ),
      // What the kernel gives, broken off or doubled.
      fc
        .tuple(fc.constantFrom(...Object.values(POD_V2), ...Object.values(POD_V1)), fc.nat(60))
        .map(([text, length]) => text.slice(0, length)),
    );
    for (const pod of [POD_V2, POD_V1]) {
      const root = makeFileTree(test, pod);
      fc.assert(
        fc.property(fc.dictionary(fc.constantFrom(...Object.keys(pod)), content, { minKeys: 1 }), (broken) => {
          for (const [name, text] of Object.entries({ ...pod, ...broken })) writeFileSync(join(root, name), text);
          const reading = createCgroupReader(root).read();
          for (const value of Object.values(reading)) {
            assert.ok(value === null || (Number.isFinite(value) && value >= 0), JSON.stringify(reading));
          }
        }),
        { numRuns: 2000, seed: chosenSeed },
      );
    }
  });
});
