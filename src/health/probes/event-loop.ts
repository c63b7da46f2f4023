/** Liveness: that this code runs at all means that the event loop turns; nothing else may make a restart look useful. */
import { OK, type Probe } from '../probe.ts';

export const eventLoopProbe: Probe = { name: 'event-loop', evaluate: () => OK };
