/** Every kind of simulation; a line here gives it its route, its command, its validation, its documentation and its metrics. */
import { cpu } from './kinds/cpu.ts';
import { memory } from './kinds/memory.ts';

export const kinds = [cpu, memory] as const;

export type AnyKind = (typeof kinds)[number];
