/** Refuses what Node's parser lets through although RFC 9112 does not. */
import { sendProblem } from '../send-problem.ts';
import { deviationOf } from '../wire/conformance.ts';
import { connectionOf } from '../wire/connection.ts';
import type { Hook } from './hook.ts';

export const conformanceHook: Hook = {
  onRequest: () => (request, reply) => {
    const deviation = deviationOf(request.raw, connectionOf(request.raw.socket));
    if (deviation === undefined) return true;
    sendProblem(reply, deviation);
    return false;
  },
};
