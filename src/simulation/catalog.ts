/** Every kind of simulation; a line here gives it its route, its validation, its documentation and its metrics. */
import { cpu } from './kinds/cpu.ts';

export const kinds = [cpu] as const;

export const KIND_NAMES = kinds.map((kind) => kind.name);
