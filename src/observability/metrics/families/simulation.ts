/** Simulations: what runs, how they ended, what was refused, and what each kind says of itself. */
import { Counter, Gauge, type Registry } from '@prometheus-io/client';
import { kinds } from '#simulation/catalog.ts';
import type { KindMetric } from '#simulation/kind.ts';
import { ENGINE_REFUSALS } from '#simulation/refusals.ts';
import { ENDINGS } from '#simulation/report.ts';
import type { SimulationSummary } from '#simulation/simulation.ts';
import type { Family, FamilyListener } from '../family.ts';

const labelNames = ['kind'] as const;

export const simulationFamily: Family = (registry, { running }) => {
  const counted = countedOf(registry, running);
  const ended = [...declaredMetrics()].map(([name, declared]) => addMetric(registry, running, name, declared));
  return {
    simulation: (event) => {
      counted(event);
      if (event.type === 'simulation-ended') for (const add of ended) add(event.simulation);
    },
  };
};

/** What is counted of every kind, without being told. */
function countedOf(registry: Registry, running: () => readonly SimulationSummary[]) {
  const registers = [registry];
  new Gauge({
    name: 'skyops_simulation_active',
    help: 'Simulations that run now.',
    labelNames,
    registers,
    collect() {
      const now = running();
      for (const { name: kind } of kinds) this.set({ kind }, now.filter((each) => each.kind === kind).length);
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
  for (const { name: kind, refusals } of kinds) {
    started.inc({ kind }, 0);
    for (const because of ENDINGS) ended.inc({ kind, because }, 0);
    for (const code of Object.keys({ ...ENGINE_REFUSALS, ...refusals })) refused.inc({ kind, code }, 0);
  }
  const count: FamilyListener['simulation'] = (event) => {
    if (event.type === 'simulation-refused') return refused.inc({ kind: event.kind, code: event.refusal.code });
    const { kind, ended_because: because } = event.simulation;
    if (event.type === 'simulation-started') started.inc({ kind });
    else ended.inc({ kind, because: because ?? 'failed' });
  };
  return count;
}

/** The metrics of all kinds by name; kinds may share one, each under its own label. */
function declaredMetrics(): ReadonlyMap<string, readonly [Declared, ...Declared[]]> {
  const byName = new Map<string, [Declared, ...Declared[]]>();
  for (const kind of kinds) {
    for (const [name, metric] of Object.entries(kind.metrics)) {
      const declared = { kind: kind.name, metric };
      const others = byName.get(name);
      if (others === undefined) byName.set(name, [declared]);
      else others.push(declared);
    }
  }
  return byName;
}

type Declared = { readonly kind: string; readonly metric: KindMetric };

/** @returns what is to be told of each simulation that ended. */
function addMetric(
  registry: Registry,
  running: () => readonly SimulationSummary[],
  name: string,
  declared: readonly [Declared, ...Declared[]],
): (ended: SimulationSummary) => void {
  const [{ metric: first }] = declared;
  const { help, type } = first;
  const ofEnded = new Map(declared.map(({ kind }) => [kind, 0]));
  // Summed anew at each scrape: adding and taking away would leave the crumbs of floating point behind.
  const totals = () =>
    declared.map(({ kind, metric }) => {
      const now = running().filter((each) => each.kind === kind);
      return [kind, now.reduce((sum, each) => sum + metric.of(each), ofEnded.get(kind) ?? 0)] as const;
    });
  const options = { name, help, labelNames, registers: [registry] };
  if (type === 'gauge') {
    new Gauge({
      ...options,
      collect() {
        for (const [kind, total] of totals()) this.set({ kind }, total);
      },
    });
    return () => {};
  }
  new Counter({
    ...options,
    collect() {
      this.reset();
      for (const [kind, total] of totals()) this.inc({ kind }, total);
    },
  });
  return (ended) => {
    const own = declared.find(({ kind }) => kind === ended.kind);
    if (own !== undefined) ofEnded.set(own.kind, (ofEnded.get(own.kind) ?? 0) + own.metric.of(ended));
  };
}
