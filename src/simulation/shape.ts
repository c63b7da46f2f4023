/**
 * How an amount changes over the time of a simulation: pure functions for both sides of a worker thread. The schema has
 * a file of its own, because loading TypeBox into each thread would cost it 5 to 7 MB (measured).
 */
import type { Shape } from './shape-schema.ts';

export const CONSTANT: Shape = { type: 'constant' };

/** The part of the amount at a moment, 0 to 1. */
export function partAt(given: Shape, atSeconds: number, durationSeconds: number): number {
  const at = Math.min(Math.max(atSeconds, 0), durationSeconds);
  switch (given.type) {
    case 'constant':
      return 1;
    case 'ramp':
      return given.from + (given.to - given.from) * (at / durationSeconds);
    case 'steps': {
      const index = Math.min(Math.floor((at / durationSeconds) * given.parts.length), given.parts.length - 1);
      return given.parts[index] ?? 0;
    }
    case 'sine':
      return given.mean + given.amplitude * Math.sin((2 * Math.PI * at) / given.period_seconds);
    case 'spike':
      return at >= given.at_seconds && at < given.at_seconds + given.for_seconds ? given.peak : given.base;
  }
}

/** What is due until a moment: the integral of the part over the time so far, in seconds of the whole amount. */
export function dueSeconds(given: Shape, untilSeconds: number, durationSeconds: number): number {
  const until = Math.min(Math.max(untilSeconds, 0), durationSeconds);
  switch (given.type) {
    case 'constant':
      return until;
    case 'ramp':
      return given.from * until + ((given.to - given.from) * until * until) / (2 * durationSeconds);
    case 'steps': {
      const stepSeconds = durationSeconds / given.parts.length;
      return given.parts.reduce(
        (sum, part, index) => sum + part * overlap(0, until, index * stepSeconds, stepSeconds),
        0,
      );
    }
    case 'sine': {
      const angular = (2 * Math.PI) / given.period_seconds;
      return given.mean * until + (given.amplitude / angular) * (1 - Math.cos(angular * until));
    }
    case 'spike': {
      const inSpike = overlap(0, until, given.at_seconds, given.for_seconds);
      return given.base * (until - inSpike) + given.peak * inSpike;
    }
  }
}

/** How much of the stretch from `start`, `length` long, lies between `from` and `until`. */
function overlap(from: number, until: number, start: number, length: number): number {
  return Math.max(0, Math.min(until, start + length) - Math.max(from, start));
}
