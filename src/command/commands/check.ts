/** skyops check: asks a SkyOps whether it is well; for container health checks and scripts, where there is no curl. */

import { openHttpClient, shownAddress } from '#client/http-client.ts';
import { loadConfig } from '#config/load.ts';
import { wait } from '#foundation/clock.ts';
import { Failure } from '#foundation/failure.ts';
import { EXIT_CODES } from '#lifecycle/exit-codes.ts';
import { durationArgument } from '../arguments.ts';
import type { Command, CommandParts } from '../command.ts';

const DEFAULT_TIMEOUT_SECONDS = 3;

/** In seconds. */
type Given = { readonly timeout: number; readonly wait?: number };

export const checkCommand: Command = (program, parts, done) => {
  program
    .command('check')
    .description('ask a SkyOps for its health; exit code 0 if it answers 200')
    .argument('[url]', 'what to ask (default: /health on the port that SKYOPS_PORT says, of this machine)')
    .option('--timeout <duration>', 'how long to wait for the answer', durationArgument, DEFAULT_TIMEOUT_SECONDS)
    .addHelpText(
      'after',
      '\nExamples:\n  skyops check\n  skyops check http://skyops.default.svc/ready\n  skyops check http://10.0.0.7:8001/health --timeout 500ms\n  skyops check --wait 60s http://skyops/ready',
    )
    .option('--wait <duration>', 'ask again until it answers 200, for at most this long', durationArgument)
    .action(async (given: string | undefined, options: Given) => {
      const url = urlOf(given, parts);
      done(url === undefined ? EXIT_CODES.misconfigured : await check(url, options, parts));
    });
};

/** How often it is asked while it is waited for. */
const WAIT_PERIOD_MS = 1000;
const SHORTEST_LOOK_MS = 50;

/** Once, or until it is well or the time is up. */
async function check(
  url: URL,
  { timeout, wait: waitSeconds = 0 }: Given,
  { terminal, clock }: CommandParts,
): Promise<number> {
  const deadlineMs = clock.monotonicMs() + waitSeconds * 1000;
  for (;;) {
    const startMs = clock.monotonicMs();
    const limitMs = waitSeconds > 0 ? Math.min(timeout * 1000, deadlineMs - startMs) : timeout * 1000;
    const found = await askOnce(url, Math.max(1, limitMs));
    const tookMs = Math.round(clock.monotonicMs() - startMs);
    if (found.status === 200) {
      terminal.out(`${shownAddress(url)} answered 200 after ${tookMs} ms\n`);
      return EXIT_CODES.clean;
    }
    const restMs = deadlineMs - clock.monotonicMs();
    const goesOn = restMs > 0 && (await wait(clock, Math.min(WAIT_PERIOD_MS, restMs), terminal.interrupt));
    // A last look of a few milliseconds would say no more than the one before.
    if (goesOn && clock.monotonicMs() < deadlineMs - SHORTEST_LOOK_MS) continue;
    const within = waitSeconds > 0 ? ` within ${waitSeconds} s` : '';
    terminal.err(
      found.status === undefined
        ? `skyops: ${found.reason.replace(/\.$/, '')}${within === '' ? '' : `${within}`}\n`
        : `skyops: ${shownAddress(url)} answered ${found.status} after ${tookMs} ms${within === '' ? '' : `, and not 200${within}`}\n`,
    );
    return EXIT_CODES.failed;
  }
}

type Found = { readonly status: number } | { readonly status: undefined; readonly reason: string };

async function askOnce(url: URL, timeoutMs: number): Promise<Found> {
  const client = openHttpClient(url);
  try {
    const { status } = await client.ask({ method: 'GET', path: '', timeoutMs });
    return { status };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { status: undefined, reason: error.message };
  } finally {
    client.leave();
  }
}

/** Nothing where it is wrong, which is then said. */
function urlOf(given: string | undefined, { environment, terminal }: CommandParts): URL | undefined {
  if (given !== undefined) {
    const url = URL.parse(given);
    if (url !== null && /^https?:$/.test(url.protocol)) return url;
    terminal.err('skyops: the URL must begin with http:// or https://.\n');
    return undefined;
  }
  const loaded = loadConfig(environment);
  if (loaded.ok) return ownHealth(loaded.value.config.http);
  terminal.err(`skyops: the configuration is wrong.\n${loaded.refusal.map((error) => `  ${error}\n`).join('')}`);
  return undefined;
}

/** Of the service that listens with these settings on this machine. */
function ownHealth({ host, port }: { readonly host: string | null; readonly port: number }): URL {
  const isEverywhere = host === null || host === '::' || host === '0.0.0.0';
  const name = isEverywhere ? '127.0.0.1' : host.includes(':') ? `[${host}]` : host;
  return new URL(`http://${name}:${port}/health`);
}
