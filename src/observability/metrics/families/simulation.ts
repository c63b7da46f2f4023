/** Simulations: what runs, what was asked and granted, what was delivered, how they ended, what was refused. */
import { Counter, Gauge } from '@prometheus-io/client';
import type { SimulationSummary } from '#simulation/simulation.ts';
import type { Family } from '../family.ts';

export const simulationFamily: Family = (registry) => {
  const registers = [registry];
  const labelNames = ['kind'] as const;
  const active = new Gauge({
    name: 'skyops_simulation_active',
    help: 'Simulations that run now.',
    labelNames,
    registers,
  });
  const requestedCores = new Gauge({
    name: 'skyops_simulation_requested_cores',
    help: 'Cores that the running simulations asked for.',
    labelNames,
    registers,
  });
  const grantedCores = new Gauge({
    name: 'skyops_simulation_granted_cores',
    help: 'Cores that the running simulations may burn.',
    labelNames,
    registers,
  });
  const delivered = new Counter({
    name: 'skyops_simulation_delivered_core_seconds_total',
    help: 'CPU time that ended simulations have burnt, as the kernel accounted it.',
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

  /** Summed anew at each change: adding and taking away would leave the crumbs of floating point behind. */
  const running = new Map<string, SimulationSummary>();
  const setGauges = (kind: string) => {
    const ofKind = [...running.values()].filter((simulation) => simulation.kind === kind);
    active.set({ kind }, ofKind.length);
    requestedCores.set(
      { kind },
      ofKind.reduce((sum, { requested }) => sum + requested.cores, 0),
    );
    grantedCores.set(
      { kind },
      ofKind.reduce((sum, { granted }) => sum + granted.cores, 0),
    );
  };
  return {
    simulation: (event) => {
      if (event.type === 'simulation-refused') {
        refused.inc({ kind: event.kind, code: event.refusal.code });
        return;
      }
      const { simulation } = event;
      if (event.type === 'simulation-started') running.set(simulation.id, simulation);
      else running.delete(simulation.id);
      setGauges(simulation.kind);
      if (event.type === 'simulation-started') return;
      delivered.inc({ kind: simulation.kind }, simulation.delivered.core_seconds);
      ended.inc({ kind: simulation.kind, because: simulation.ended_because ?? 'failed' });
    },
  };
};
