/** POST /simulate-cpu: burns CPU and answers with the report; the autoscaling demo in one line of curl. */
import { cpu } from '#simulation/kinds/cpu.ts';
import type { Route } from './route.ts';
import {
  emptyBodyIsDefaults,
  type StartParts,
  startSchema,
  startSimulation,
  WAIT_TO_THE_END_SECONDS,
} from './start-simulation.ts';

export function simulateCpuRoute(parts: StartParts): Route {
  return (app) => {
    app.post(
      '/simulate-cpu',
      {
        config: { access: 'operator' },
        preValidation: emptyBodyIsDefaults,
        schema: {
          operationId: 'simulateCpu',
          tags: ['simulations'],
          summary: 'Burn CPU and wait for the report',
          description: `${cpu.description} Waits for the end unless the Prefer header says otherwise; a caller that hangs up cancels it.`,
          ...startSchema(cpu),
        },
      },
      async (request, reply) => {
        await startSimulation(request, reply, parts, cpu, WAIT_TO_THE_END_SECONDS);
      },
    );
  };
}
