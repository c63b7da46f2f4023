/** Every kind of simulation; a line here gives it its route, its validation, its documentation and its metrics. */
import { cpu } from './kinds/cpu.ts';
import { memory } from './kinds/memory.ts';

export const kinds = [cpu, memory] as const;
