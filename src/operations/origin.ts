/** Who asked, by which request, and in which trace: what every operation is told, whatever protocol it came by. */
import type { TraceContext } from '#foundation/trace-context.ts';
import type { Origin } from '#simulation/entry.ts';

/** A caller without a credential. No credential exists yet. */
const ANONYMOUS = 'anonymous';

/** @param requestId under which the request is in the log. */
export function originOf(requestId: string, trace: TraceContext | undefined): Origin {
  return { requestId, actor: ANONYMOUS, ...(trace === undefined ? {} : { trace }) };
}
