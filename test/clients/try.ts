/** What a user's program does with a client of openapi-typescript: it compiles only where the types are those of the service. */
import createClient from 'openapi-fetch';
import type { components, paths } from './schema.js';

type Simulation = components['schemas']['Simulation'];

const client = createClient<paths>({ baseUrl: process.argv[2] ?? '' });

function check(isSo: boolean, what: string): asserts isSo {
  if (!isSo) throw new Error(`not so: ${what}`);
}

function must<T>({ data, error, response }: { data?: T; error?: unknown; response: Response }): T {
  if (error !== undefined || data === undefined)
    throw new Error(`${response.url} ${response.status} ${JSON.stringify(error)}`);
  return data;
}

const started: Simulation = must(
  await client.POST('/simulations/cpu', {
    body: { cpu: '50m', seconds: 20 },
    params: { header: { prefer: 'respond-async' } },
  }),
);
check(started.kind === 'cpu', 'the kind');
// Told apart by the kind: these lines do not compile where the union is opaque.
const cores: number = started.granted.cores;
const amount: string | number | null = started.requested.cpu;
const because: components['schemas']['Ending'] | null = started.ended_because;
check(
  cores === 0.05 && amount === '50m' && because === null && started.requested.shape.type === 'constant',
  'the start',
);
const read = must(await client.GET('/simulations/{id}', { params: { path: { id: started.id } } }));
check(read.id === started.id && read.state === 'running', 'the reading');
const { simulations } = must(await client.GET('/simulations'));
check(
  simulations.some(({ id, granted }) => id === started.id && granted.seconds === 20),
  'the list',
);
const cancelled = must(await client.DELETE('/simulations/{id}', { params: { path: { id: started.id } } }));
check(cancelled.state === 'ended' && cancelled.ended_because === 'cancelled', 'the cancelling');
const status = must(await client.GET('/status'));
const bytes: number = status.system.memory_total_bytes;
const limit: number | null = status.container.memory.limit_bytes;
check(bytes > 0 && (limit === null || limit > 0) && status.service.phase === 'ready', 'the status');
const memory = must(await client.POST('/simulations/memory', { body: { memory: '8Mi', seconds: 1 } }));
check(memory.kind === 'memory' && memory.requested.bytes === 8 * 1024 ** 2, 'the memory');
const ramped = must(
  await client.POST('/simulate-cpu', { body: { cpu: 0.05, seconds: 0.2, shape: { type: 'ramp', from: 0, to: 1 } } }),
);
check(ramped.kind === 'cpu' && ramped.requested.shape.type === 'ramp' && ramped.requested.shape.to === 1, 'the shape');
const { error } = await client.GET('/simulations/{id}', { params: { path: { id: 'sim-0000000000000000' } } });
check(error?.code === 'simulation-not-found', 'the problem');
console.log('all of it is so');
