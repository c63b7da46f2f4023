/**
 * The speed tricks of a request, each with a switch. Only a bench turns one off, to show what it gains: `make bench-http ABLATE=1`, with
 * the result in docs/quality/speed-tricks.md. One that gains less than 3 % goes.
 */
export const tricks = {
  /** http/wire/prepared-headers.ts: the headers that every answer has, as text that is ready. */
  preparedHeaders: true,
  /** observability/request-line.ts: the log line of a request without pino. */
  requestLine: true,
  /** observability/log-output.ts: writes to a pipe without a thread. */
  pipeLog: true,
  /** http/hooks/observation.ts: forgets a request that was answered whole. */
  releasedRequests: true,
  /** http/wire/open-requests.ts: neighbours instead of a Set. */
  openRequestsList: true,
  /** heap.ts: keeps one tick alive. */
  keptTick: true,
};
