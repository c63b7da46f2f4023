/** POST /simulate-cpu: loads the CPU and answers with the report; the autoscaling demo in one line of curl. */

import type { StartParts } from '#operations/start-simulation.ts';
import { cpu } from '#simulation/kinds/cpu.ts';
import type { Route } from './route.ts';
import { DEFAULT_WAIT_SECONDS, emptyBodyIsDefaults, startSchema, startSimulation } from './start-simulation.ts';

export function simulateCpuRoute(parts: StartParts): Route {
  return (app) => {
    app.post(
      '/simulate-cpu',
      {
        config: { access: cpu.access },
        preValidation: emptyBodyIsDefaults,
        schema: {
          operationId: 'simulateCpu',
          tags: ['simulations'],
          summary: 'Load the CPU and wait for the report',
          description: `${cpu.description} Waits for the end unless the Prefer header says otherwise; a caller that hangs up cancels it.`,
          ...startSchema(cpu),
        },
      },
      async (request, reply) => {
        const defaultWaitSeconds = DEFAULT_WAIT_SECONDS.toTheEnd;
        await startSimulation(request, reply, parts, { kind: cpu, defaultWaitSeconds });
      },
    );
  };
}
