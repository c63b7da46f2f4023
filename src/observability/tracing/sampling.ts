/** Decides at its beginning whether a request's span is exported. */
import { type Caller, newTraceId } from '#foundation/trace-context.ts';
import type { TracingSettings } from './settings.ts';

/** @param parent the caller's trace, if there is one: then it has chosen the trace id. */
export type Sampler = (traceId: string, parent: Caller | undefined) => boolean;

export function createSampler({ sampler, samplerRatio, trust }: TracingSettings): Sampler {
  const [, isParentBased, name] = /^(parentbased_)?(.*)$/.exec(sampler) ?? [];
  const least = leastSampled(name === 'always_on' ? 1 : name === 'always_off' ? 0 : samplerRatio);
  return (traceId, parent) => {
    if (parent === undefined) return isSampled(traceId, least);
    const { isSampled: said } = parent;
    if (isParentBased !== undefined && said !== undefined && (trust === 'true' || !said)) return said;
    // By an id of our own: whoever chooses the trace id would choose the answer too.
    return isSampled(trust === 'true' ? traceId : newTraceId(), least);
  };
}

/** The same traces as in every other service with this ratio: the last 56 bits are random, and the largest of them are taken. @see https://www.w3.org/TR/trace-context-2/#randomness-of-trace-id and OpenTelemetry, "TraceState: Probability Sampling". */
function leastSampled(ratio: number): string {
  const least = Math.ceil((1 - ratio) * 2 ** 56);
  // Where nothing is sampled, a letter behind f: none is as large.
  return least >= 2 ** 56 ? 'g' : least.toString(16).padStart(RANDOM_DIGITS, '0');
}

const RANDOM_DIGITS = 14;

/** Digits of the same number in lower case are in the order of what they mean, and are compared without being read. */
function isSampled(traceId: string, least: string): boolean {
  return traceId.slice(-RANDOM_DIGITS) >= least;
}
