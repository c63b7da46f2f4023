/** Where the server listens, and the limits that no client can move. */
import { isIP } from 'node:net';
import { integerSetting, numberSetting, type SettingValues, textSetting } from '#foundation/setting.ts';

export const httpSettings = {
  host: textSetting<string | null>({
    variable: 'SKYOPS_HOST',
    // `localhost` would make Fastify open a second server, for the other address family, with a close of its own.
    meaning:
      'The address to listen on. Without it every address: of both families as :: does, or of IPv4 alone where the machine has no IPv6.',
    expected: 'an IP address such as 0.0.0.0, 127.0.0.1 or ::',
    // A zone such as %eth0 names an interface of one machine, not an address.
    accepts: (text) => isIP(text) !== 0 && !text.includes('%'),
    fallback: null,
  }),
  port: integerSetting({
    variable: 'SKYOPS_PORT',
    meaning: 'The port to listen on; 0 takes a free one, which the log names.',
    minimum: 0,
    maximum: 65_535,
    fallback: 8001,
  }),
  keepAliveSeconds: numberSetting({
    variable: 'SKYOPS_KEEP_ALIVE_SECONDS',
    meaning:
      'How long an idle connection is kept. It must be longer than in every proxy in front, or the proxy now and then sends a request into a closing connection.',
    minimum: 1,
    maximum: 3600,
    fallback: 75,
  }),
  maxHeaderBytes: integerSetting({
    variable: 'SKYOPS_MAX_HEADER_BYTES',
    meaning:
      'The most that the target and the names and values of all headers may have together; more is answered with 431.',
    minimum: 4096,
    maximum: 1_048_576,
    fallback: 16_384,
  }),
  maxConnections: integerSetting({
    variable: 'SKYOPS_MAX_CONNECTIONS',
    meaning: 'The most connections at the same time; further ones are closed at once.',
    minimum: 10,
    maximum: 1_000_000,
    fallback: 10_000,
  }),
};

export type HttpSettings = SettingValues<typeof httpSettings>;

/** A request body is a handful of numbers. */
export const MAX_BODY_BYTES = 16_384;
/** The longest path that exists here is under 100 characters. */
export const MAX_TARGET_LENGTH = 2048;
/** As many lines as Apache takes, and more than a mesh, a CDN and a browser add together; Node’s own limit is 2000. */
export const MAX_HEADERS = 100;

/** About how many requests a connection serves before its client is asked to open another one: at 100 a second, every 100 s. */
export const REQUESTS_PER_CONNECTION = 10_000;

/** The head must be here after this time, and the whole request after the other; Node answers 408 beyond. */
export const HEADERS_TIMEOUT_MS = 10_000;
export const REQUEST_TIMEOUT_MS = 30_000;
/** Browsers and proxies do not pipeline at all; a client that does gets its answers faster by a handful, not by hundreds. */
export const MAX_PIPELINED_REQUESTS = 16;

/** What is written to a client at once, such as a whole answer, must be taken within this time, or its connection is cut. */
export const STALLED_READER_MS = 30_000;
export const STALLED_READER_CHECK_MS = 15_000;

/** How often Node looks for requests that took too long: they are cut this much later at the most. Each look wakes an idle process. */
export const TIMEOUT_CHECK_MS = 5000;
