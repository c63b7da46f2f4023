/** Limits, loads and guards inside a real cgroup v2, with a quota that changes while the service runs. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { runInVirtualMachine } from '#test/support/virtual-machine.ts';

const LIMIT_BYTES = 384 * 1024 ** 2;
const MEBIBYTE = 1024 ** 2;

/** Everything is emulated and takes ten times as long: the whole is a minute or two on two cores. */
it('in a real cgroup v2, finds its limits and keeps to them', { timeout: 400_000 }, async (test) => {
  const run = await runInVirtualMachine(test);
  if (run === undefined) return;
  const { said, waitedShare } = run;
  test.diagnostic(`its processors waited for others ${(waitedShare * 100).toFixed(0)} % of the time`);
  const line = said.split('\n').find((each) => each.startsWith('RESULT '));
  assert.ok(line !== undefined, said);
  const {
    fractional,
    grownMemory,
    shrunk,
    unlimited,
    limited,
    exact,
    flatOut,
    saturated,
    tooMuchCpu,
    memory,
    tooMuchMemory,
  } = JSON.parse(line.slice(7));

  await test.test('counts two CPUs under a limit of one and a half, and grants up to its reserve', () => {
    assert.equal(fractional.status.system.cpus, 2);
    assert.equal(fractional.status.container.cpu.limit_cores, 1.5);
    assert.equal(fractional.status.simulations.cores_grantable, 1.35);
    assert.equal(fractional.exact.granted.cores, 1.2);
    assert.equal(fractional.share.granted.cores, 1.2);
    assert.equal(fractional.tooMuch.code, 'over-capacity');
    assert.equal(fractional.saturated.granted.cores, 1.5);
  });

  await test.test('follows limits that are moved while it runs, up and down', () => {
    assert.equal(grownMemory.memory.limit_bytes, 536_870_912);
    assert.equal(shrunk.container.memory.limit_bytes, 318_767_104);
    assert.equal(shrunk.container.cpu.limit_cores, 0.25);
    assert.match(shrunk.memory.json.errors[0].message, /the container’s limit is 304Mi/);
    assert.match(shrunk.cpu.json.errors[0].message, /the container's limit is 250m/);
  });

  await test.test('grants nothing while the file of a limit says nothing', () => {
    const broken = said.split('\n').filter((each) => each.startsWith('BROKEN '));
    assert.match(broken[0] ?? '', /cpu\.max cannot be read.*exit [23]/);
    assert.match(broken[1] ?? '', /memory\.current cannot be read.*exit [23]/);
  });

  await test.test('reads the limits, and a quota that is set later', () => {
    assert.equal(unlimited.cgroup_version, 2);
    assert.equal(unlimited.cpu.limit_cores, null);
    assert.equal(unlimited.memory.limit_bytes, LIMIT_BYTES);
    assert.ok(unlimited.memory.working_set_bytes > 20 * MEBIBYTE && unlimited.memory.working_set_bytes < LIMIT_BYTES);
    assert.ok(unlimited.pids.current >= 1);
    assert.equal(limited.cpu.limit_cores, 0.5);
    assert.equal(limited.cpu.throttled_seconds >= 0, true);
  });

  await test.test('delivers an exact amount under the quota, as the group’s own account has it', () => {
    const { requested, delivered } = exact.report;
    assert.equal(requested.cores, 0.3);
    // No more than asked, but for what the machine gave to others in the last moment: what is too much before, the loop takes back. A tenth of
    // the waiting is more than was seen (2.1 and 4.3 % too much while it waited more than half of the time). It may be less beside other tests.
    assert.ok(delivered.core_seconds <= 1.8 * (1.02 + waitedShare / 10), `${delivered.core_seconds}`);
    assert.ok(delivered.core_seconds >= 1.8 * 0.7, `${delivered.core_seconds}`);
    // The group's usage has the main thread in it, which works ten times as long here.
    assert.ok(exact.usedSeconds >= delivered.core_seconds * 0.98, `${exact.usedSeconds} s used`);
    assert.ok(exact.usedSeconds <= delivered.core_seconds + 1.5, `${exact.usedSeconds} s used`);
  });

  await test.test('grants flat out what the quota leaves, and saturates when it is told to', () => {
    assert.equal(flatOut.report.granted.cores, 0.4);
    assert.equal(flatOut.report.granted.limited_by, 'quota');
    assert.ok(flatOut.report.delivered.cores <= 0.4 * (1.025 + waitedShare / 10), `${flatOut.report.delivered.cores}`);
    assert.ok(saturated.throttledPeriods >= 10, `${saturated.throttledPeriods} periods`);
    assert.ok(saturated.report.throttled_seconds > 0.3, `${saturated.report.throttled_seconds} s`);
    assert.equal(tooMuchCpu.status, 422);
    assert.equal(tooMuchCpu.json.code, 'over-capacity');
  });

  await test.test('holds a share of the memory limit, gives it back, and is never killed', () => {
    const wanted = Math.floor(LIMIT_BYTES * 0.4);
    assert.equal(memory.held.granted.bytes, wanted);
    assert.ok(memory.held.delivered.bytes >= wanted, `${memory.held.delivered.bytes} resident`);
    // The group has the heap and the file cache of the service too, which move by some MiB.
    assert.ok(Math.abs(memory.grown - wanted) < 24 * MEBIBYTE, `${memory.grown} grown`);
    assert.ok(Math.abs(memory.left) < 24 * MEBIBYTE, `${memory.left} left`);
    assert.equal(memory.oomKills, 0);
    assert.equal(tooMuchMemory.status, 422);
    assert.equal(tooMuchMemory.json.code, 'over-capacity');
  });
});
