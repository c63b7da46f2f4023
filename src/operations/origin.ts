/** Who asked, by which request, and in which trace: what every operation is told, whatever protocol it came by. */
import type { TraceContext } from '#foundation/trace-context.ts';
import type { Origin } from '#simulation/entry.ts';

/** Whoever shows no credential. There is none to show yet. */
const ANONYMOUS = 'anonymous';

/** @param requestId under which the request is in the log. */
export function originOf(requestId: string, trace: TraceContext | undefined): Origin {
  return { requestId, actor: ANONYMOUS, ...(trace === undefined ? {} : { trace }) };
}
