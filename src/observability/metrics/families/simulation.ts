/** Simulations: what runs, what was asked and granted, what is delivered, how they ended, what was refused. */
import { Counter, Gauge } from '@prometheus-io/client';
import { CAPACITY_REFUSALS } from '#simulation/capacity/holding.ts';
import { kinds } from '#simulation/catalog.ts';
import { ENDINGS } from '#simulation/report.ts';
import type { SimulationSummary } from '#simulation/simulation.ts';
import type { Family } from '../family.ts';

type Of<Name extends SimulationSummary['kind']> = Extract<SimulationSummary, { kind: Name }>;

/** What is summed over the running simulations of a kind; a kind that is missing has none of the sort. */
type Amounts = { readonly cpu?: (each: Of<'cpu'>) => number; readonly memory?: (each: Of<'memory'>) => number };

const SUMS: Readonly<Record<string, readonly [help: string, Amounts]>> = {
  skyops_simulation_active: ['Simulations that run now.', { cpu: () => 1, memory: () => 1 }],
  skyops_simulation_requested_cores: [
    'Cores that the running simulations asked for.',
    { cpu: ({ requested }) => requested.cores },
  ],
  skyops_simulation_granted_cores: [
    'Cores that the running simulations may burn.',
    { cpu: ({ granted }) => granted.cores },
  ],
  skyops_simulation_requested_bytes: [
    'Memory that the running simulations asked for.',
    { memory: ({ requested }) => requested.bytes },
  ],
  skyops_simulation_granted_bytes: [
    'Memory that the running simulations may hold.',
    { memory: ({ granted }) => granted.bytes },
  ],
  skyops_simulation_resident_bytes: [
    'Memory that the running simulations hold resident now.',
    { memory: ({ delivered }) => delivered.bytes },
  ],
};

export const simulationFamily: Family = (registry, { running }) => {
  const registers = [registry];
  const labelNames = ['kind'] as const;
  for (const [name, [help, amounts]] of Object.entries(SUMS)) {
    new Gauge({
      name,
      help,
      labelNames,
      registers,
      // Summed anew at each scrape: adding and taking away would leave the crumbs of floating point behind.
      collect() {
        const now = running();
        const { cpu, memory } = amounts;
        if (cpu) this.set({ kind: 'cpu' }, sum(now.map((each) => (each.kind === 'cpu' ? cpu(each) : 0))));
        if (memory) this.set({ kind: 'memory' }, sum(now.map((each) => (each.kind === 'memory' ? memory(each) : 0))));
      },
    });
  }

  let endedCoreSeconds = 0;
  new Counter({
    name: 'skyops_simulation_delivered_core_seconds_total',
    help: 'CPU time that simulations have burnt, those that run included, as the kernel accounted it.',
    labelNames,
    registers,
    collect() {
      const now = sum(running().map((each) => (each.kind === 'cpu' ? each.delivered.core_seconds : 0)));
      this.reset();
      this.inc({ kind: 'cpu' }, endedCoreSeconds + now);
    },
  });
  const started = new Counter({
    name: 'skyops_simulations_started_total',
    help: 'Simulations that were granted.',
    labelNames,
    registers,
  });
  const ended = new Counter({
    name: 'skyops_simulations_ended_total',
    help: 'Simulations that ended, by why.',
    labelNames: ['kind', 'because'],
    registers,
  });
  const refused = new Counter({
    name: 'skyops_simulations_refused_total',
    help: 'Simulations that were not started, by why.',
    labelNames: ['kind', 'code'],
    registers,
  });
  // At 0 from the start on: increase() sees nothing of a series that begins at 1.
  for (const { name: kind } of kinds) {
    started.inc({ kind }, 0);
    for (const because of ENDINGS) ended.inc({ kind, because }, 0);
    for (const code of [...CAPACITY_REFUSALS, 'draining']) refused.inc({ kind, code }, 0);
  }
  return {
    simulation: (event) => {
      if (event.type === 'simulation-started') started.inc({ kind: event.simulation.kind });
      if (event.type === 'simulation-refused') refused.inc({ kind: event.kind, code: event.refusal.code });
      if (event.type !== 'simulation-ended') return;
      const { simulation } = event;
      if (simulation.kind === 'cpu') endedCoreSeconds += simulation.delivered.core_seconds;
      ended.inc({ kind: simulation.kind, because: simulation.ended_because ?? 'failed' });
    },
  };
};

const sum = (amounts: readonly number[]) => amounts.reduce((total, amount) => total + amount, 0);
