/** /simulations: the engine as a resource; start, list, read, cancel. */
import Type from 'typebox';
import { nullable } from '#foundation/scalars.ts';
import { cancelAll, cancelOne, findOne, OTHERS_MAY_KNOW } from '#operations/cancel-simulation.ts';
import type { StartParts } from '#operations/start-simulation.ts';
import { kinds } from '#simulation/catalog.ts';
import { capitalised, Simulation, SimulationSummary } from '#simulation/simulation.ts';
import { sendProblem } from '../send-problem.ts';
import { loosen } from '../wire/response-headers.ts';
import { PROGRESS_EXAMPLE, REPORT_EXAMPLE, SUMMARY_EXAMPLE } from './examples.ts';
import { jsonRepresentation, REVALIDATED_BY_ONE, sendRepresentation } from './representation.ts';
import { json, notModified, problems, type Route, shared } from './route.ts';
import { DEFAULT_WAIT_SECONDS, emptyBodyIsDefaults, startSchema, startSimulation } from './start-simulation.ts';

const tags = ['simulations'];

/** An id that is not of our form cannot be one of ours; that is "no such simulation", not a bad parameter. */
const params = Type.Object({ id: Type.String({ description: 'As the start answered it.' }) });

const SimulationList = Type.Object(
  {
    simulations: Type.Array(shared(SimulationSummary)),
    replica: Type.String({ description: 'Which replica has answered; it knows its own simulations alone.' }),
    note: nullable(Type.String({ description: 'What to do where nothing is listed.' })),
  },
  { title: 'SimulationList' },
);

export function startRoutes(parts: StartParts): Route[] {
  return kinds.map((kind) => (app) => {
    app.post(
      `/simulations/${kind.name}`,
      {
        config: { access: kind.access },
        preValidation: emptyBodyIsDefaults,
        schema: {
          operationId: `start${capitalised(kind.name)}Simulation`,
          tags,
          summary: `${kind.summary} in the background`,
          description: `${kind.description} Answers at once unless the Prefer header asks to wait; a caller that hangs up while it waits cancels it.`,
          ...startSchema(kind),
        },
      },
      async (request, reply) => {
        const defaultWaitSeconds = DEFAULT_WAIT_SECONDS.answerAtOnce;
        await startSimulation(request, reply, parts, { kind, defaultWaitSeconds });
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
            200: json('The list.', SimulationList, {
              simulations: [SUMMARY_EXAMPLE],
              replica: SUMMARY_EXAMPLE.replica,
              note: null,
            }),
            ...notModified,
            ...problems(),
          },
        },
      },
      async (request, reply) => {
        const simulations = engine.list();
        const list = { simulations, replica: engine.replica, note: simulations.length > 0 ? null : OTHERS_MAY_KNOW };
        return sendRepresentation(request, loosen(reply, REVALIDATED_BY_ONE), jsonRepresentation(list));
      },
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
            ...notModified,
            ...problems('simulation-not-found'),
          },
        },
      },
      async (request, reply) => {
        const found = findOne(engine, request.params.id);
        if (!found.ok) return sendProblem(reply, found.refusal);
        return sendRepresentation(request, loosen(reply, REVALIDATED_BY_ONE), jsonRepresentation(found.value));
      },
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
            ...problems('simulation-not-found', 'foreign-origin'),
          },
        },
      },
      async (request, reply) => {
        const cancelled = await cancelOne(engine, request.params.id);
        return cancelled.ok ? cancelled.value : sendProblem(reply, cancelled.refusal);
      },
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
            200: json(
              'They have ended.',
              Type.Object({ cancelled: Type.Array(shared(Simulation)) }, { title: 'CancelledSimulations' }),
              {
                cancelled: [{ ...REPORT_EXAMPLE, ended_because: 'cancelled' }],
              },
            ),
            ...problems('foreign-origin'),
          },
        },
      },
      async () => ({ cancelled: [...(await cancelAll(engine))] }),
    );
  };
}
