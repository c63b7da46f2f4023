/** /simulations: the engine as a resource; start, list, read, cancel. */
import Type from 'typebox';
import { kinds } from '#simulation/catalog.ts';
import { Simulation, SimulationSummary } from '#simulation/simulation.ts';
import { sendProblem } from '../problem.ts';
import { PROGRESS_EXAMPLE, REPORT_EXAMPLE, SUMMARY_EXAMPLE } from './examples.ts';
import { json, problems, type Route, shared } from './route.ts';
import { emptyBodyIsDefaults, type StartParts, startSchema, startSimulation } from './start-simulation.ts';

const tags = ['simulations'];

/** An id that is not of our form cannot be one of ours; that is "no such simulation", not a bad parameter. */
const params = Type.Object({ id: Type.String({ description: 'As the start answered it.' }) });

const NO_SUCH_SIMULATION = {
  code: 'simulation-not-found',
  detail: 'No simulation has this id. The last 100 that ended can be read; GET /simulations lists them.',
} as const;

export function startRoutes(parts: StartParts): Route[] {
  return kinds.map((kind) => (app) => {
    app.post(
      `/simulations/${kind.name}`,
      {
        config: { access: 'operator' },
        preValidation: emptyBodyIsDefaults,
        schema: {
          operationId: `startSimulation_${kind.name}`,
          tags,
          summary: `${kind.summary} in the background`,
          description: `${kind.description} Answers at once unless the Prefer header asks to wait; a caller that hangs up while it waits cancels it.`,
          ...startSchema(kind),
        },
      },
      async (request, reply) => {
        await startSimulation(request, reply, parts, kind, 0);
      },
    );
  });
}

export function listRoute({ engine }: Pick<StartParts, 'engine'>): Route {
  return (app) => {
    app.get(
      '/simulations',
      {
        config: { access: 'viewer' },
        schema: {
          operationId: 'listSimulations',
          tags,
          summary: 'List',
          description: 'Those that run, then the last 100 that ended; the latest first.',
          response: {
            200: json('The list.', Type.Object({ simulations: Type.Array(shared(SimulationSummary)) }), {
              simulations: [SUMMARY_EXAMPLE],
            }),
            ...problems(),
          },
        },
      },
      async () => ({ simulations: [...engine.list()] }),
    );
  };
}

export function readRoute({ engine }: Pick<StartParts, 'engine'>): Route {
  return (app) => {
    app.get(
      '/simulations/:id',
      {
        config: { access: 'viewer' },
        schema: {
          operationId: 'getSimulation',
          tags,
          summary: 'Read one',
          description: 'Its progress while it runs, its report after.',
          params,
          response: {
            200: json('The simulation.', shared(Simulation), PROGRESS_EXAMPLE),
            ...problems('simulation-not-found'),
          },
        },
      },
      async (request, reply) => engine.find(request.params.id) ?? sendProblem(reply, NO_SUCH_SIMULATION),
    );
  };
}

export function cancelRoute({ engine }: Pick<StartParts, 'engine'>): Route {
  return (app) => {
    app.delete(
      '/simulations/:id',
      {
        config: { access: 'operator' },
        schema: {
          operationId: 'cancelSimulation',
          tags,
          summary: 'Cancel one',
          description: 'Answers with the report once it has stopped; one that has ended before is left as it is.',
          params,
          response: {
            200: json('It has ended.', shared(Simulation), { ...REPORT_EXAMPLE, ended_because: 'cancelled' }),
            ...problems('simulation-not-found'),
          },
        },
      },
      async (request, reply) =>
        (await engine.cancel(request.params.id, 'cancelled')) ?? sendProblem(reply, NO_SUCH_SIMULATION),
    );
  };
}

export function cancelAllRoute({ engine }: Pick<StartParts, 'engine'>): Route {
  return (app) => {
    app.delete(
      '/simulations',
      {
        config: { access: 'operator' },
        schema: {
          operationId: 'cancelSimulations',
          tags,
          summary: 'Cancel all',
          description: 'Answers with the reports of those that were running.',
          response: {
            200: json('They have ended.', Type.Object({ cancelled: Type.Array(shared(Simulation)) }), {
              cancelled: [{ ...REPORT_EXAMPLE, ended_because: 'cancelled' }],
            }),
            ...problems(),
          },
        },
      },
      async () => ({ cancelled: [...(await engine.cancelAll('cancelled'))] }),
    );
  };
}
