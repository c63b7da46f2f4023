/** Reads and cancels simulations for somebody: what is not here is a refusal that says where else to look. */
import { granted, type Outcome, type Refusal, refused } from '#foundation/outcome.ts';
import type { Engine } from '#simulation/engine.ts';
import type { Simulation } from '#simulation/simulation.ts';

export const OTHERS_MAY_KNOW =
  'Each replica knows its own simulations alone. Behind one address with several replicas, ask each of them; the header x-skyops-replica says which one has answered.';

type Found<Value> = Outcome<Value, Refusal<'simulation-not-found'>>;

export function findOne(engine: Engine, id: string): Found<Simulation> {
  const simulation = engine.find(id);
  return simulation === undefined ? notHere(engine) : granted(simulation);
}

/** Resolves once it has stopped; one that has ended before is left as it is. */
export async function cancelOne(engine: Engine, id: string): Promise<Found<Simulation>> {
  const cancelling = engine.cancel(id, 'cancelled');
  return cancelling === undefined ? notHere(engine) : granted(await cancelling);
}

/** Resolves with the reports of those that ran. */
export const cancelAll = (engine: Engine): Promise<readonly Simulation[]> => engine.cancelAll('cancelled');

const notHere = ({ replica }: Pick<Engine, 'replica'>) =>
  refused({
    code: 'simulation-not-found',
    detail: `Replica ${replica} has no simulation with this id; it keeps the last 100 that ended. ${OTHERS_MAY_KNOW}`,
  } as const);
