/** Every family of metrics; a line here puts it on /metrics. */
import { containerFamily } from './families/container.ts';
import { httpFamily } from './families/http.ts';
import { serviceFamily } from './families/service.ts';
import { simulationFamily } from './families/simulation.ts';
import { usageFamily } from './families/usage.ts';

export const families = [httpFamily, usageFamily, simulationFamily, containerFamily, serviceFamily];
