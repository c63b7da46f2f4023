/** Runs inside the virtual machine: asks SkyOps for loads, reads what the cgroup says of them, and prints all of it as one line of JSON. */
import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

const POD = '/sys/fs/cgroup/pod';
const URL_OF_SKYOPS = 'http://127.0.0.1:8001';

const number = (file: string) => Number(readFileSync(`${POD}/${file}`, 'utf8'));
const field = (file: string, name: string) =>
  Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(readFileSync(`${POD}/${file}`, 'utf8'))?.[1]);
const limitMemory = (bytes: number) => writeFileSync(`${POD}/memory.max`, String(bytes));
const limitCpu = (max: string) => writeFileSync(`${POD}/cpu.max`, max);

async function ask(path: string, body?: object): Promise<{ status: number; json: Record<string, unknown> }> {
  const answer = await fetch(`${URL_OF_SKYOPS}${path}`, {
    ...(body && { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  });
  return { status: answer.status, json: (await answer.json()) as Record<string, unknown> };
}

/** With what the group used and how often it was stopped meanwhile. */
async function simulateCpu(body: object) {
  const before = [field('cpu.stat', 'usage_usec'), field('cpu.stat', 'nr_throttled')] as const;
  const { json } = await ask('/simulate-cpu', body);
  return {
    report: json,
    usedSeconds: (field('cpu.stat', 'usage_usec') - before[0]) / 1e6,
    throttledPeriods: field('cpu.stat', 'nr_throttled') - before[1],
  };
}

async function simulateMemory() {
  const before = number('memory.current');
  const { json } = await ask('/simulations/memory', { memory: '40%', seconds: 8 });
  await pause(6000);
  const grown = number('memory.current') - before;
  const held = (await ask(`/simulations/${json['id']}`)).json;
  await pause(5000);
  return { grown, held, left: number('memory.current') - before, oomKills: field('memory.events', 'oom_kill') };
}

for (let tries = 0; ; tries += 1) {
  try {
    if ((await fetch(`${URL_OF_SKYOPS}/ready`)).status === 200) break;
  } catch (error) {
    if (tries > 150) throw error;
  }
  await pause(500);
}

const fractional = {
  status: (await ask('/status')).json,
  exact: (await ask('/simulate-cpu', { cpu: '1200m', seconds: 0.5 })).json,
  share: (await ask('/simulate-cpu', { cpu: '80%', seconds: 0.5 })).json,
  tooMuch: (await ask('/simulate-cpu', { cpu: '1400m', seconds: 0.5 })).json,
  saturated: (await ask('/simulate-cpu', { parallelism: 2, saturate: true, seconds: 0.5 })).json,
};
limitCpu('max 100000');
await pause(2000);
const unlimited = (await ask('/status')).json['container'];
// The first of everything compiles code, which takes seconds of CPU time in an emulation.
for (let round = 0; round < 3; round += 1) await simulateCpu({ cpu: '100m', seconds: 0.5 });
limitCpu('50000 100000');
await pause(2000);
const limited = (await ask('/status')).json['container'];
const exact = await simulateCpu({ cpu: '300m', seconds: 6 });
const flatOut = await simulateCpu({ parallelism: 2, seconds: 4 });
const saturated = await simulateCpu({ parallelism: 2, seconds: 3, saturate: true });
const tooMuchCpu = await ask('/simulate-cpu', { cpu: '450m' });
limitCpu('max 100000');
const memory = await simulateMemory();
const tooMuchMemory = await ask('/simulations/memory', { memory: '95%' });
limitMemory(536_870_912);
await pause(2000);
const grownMemory = (await ask('/status')).json['container'];
limitMemory(318_767_104);
limitCpu('25000 100000');
await pause(2000);
const shrunk = {
  container: (await ask('/status')).json['container'],
  memory: await ask('/simulations/memory', { memory: '95%', seconds: 5 }),
  cpu: await ask('/simulate-cpu', { cpu: '300m', seconds: 0.5 }),
};
const result = {
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
};
process.stdout.write(`\nRESULT ${JSON.stringify(result)}\n`);
