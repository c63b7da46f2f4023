/** Decides at its beginning whether a request's span is exported. */
import { newTraceId, type TraceContext } from '#foundation/trace-context.ts';
import type { TracingSettings } from './settings.ts';

/** @param parent the caller's trace, if there is one: then it has chosen the trace id. */
export type Sampler = (traceId: string, parent: TraceContext | undefined) => boolean;

export function createSampler({ sampler, samplerRatio, trust }: TracingSettings): Sampler {
  const [, isParentBased, name] = /^(parentbased_)?(.*)$/.exec(sampler) ?? [];
  const ratio = name === 'always_on' ? 1 : name === 'always_off' ? 0 : samplerRatio;
  return (traceId, parent) => {
    if (parent === undefined) return isWithin(traceId, ratio);
    if (isParentBased !== undefined && (trust === 'true' || !parent.isSampled)) return parent.isSampled;
    // By an id of our own: whoever chooses the trace id would choose the answer too.
    return isWithin(trust === 'true' ? traceId : newTraceId(), ratio);
  };
}

/** The same traces as in every other service with this ratio: the last 56 bits are random, and the largest of them are taken. @see https://www.w3.org/TR/trace-context-2/#randomness-of-trace-id and OpenTelemetry, "TraceState: Probability Sampling". */
function isWithin(traceId: string, ratio: number): boolean {
  if (ratio >= 1) return true;
  return Number.parseInt(traceId.slice(-14), 16) >= (1 - ratio) * 2 ** 56;
}
