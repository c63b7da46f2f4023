/** skyops check: asks a SkyOps whether it is well; for container health checks and scripts, where there is no curl. */
import { loadConfig } from '#config/load.ts';
import { EXIT_CODES } from '#lifecycle/exit-codes.ts';
import { durationArgument } from '../arguments.ts';
import type { Command, CommandParts } from '../command.ts';

const DEFAULT_TIMEOUT_SECONDS = 3;

export const checkCommand: Command = (program, parts, done) => {
  program
    .command('check')
    .description('ask a SkyOps for its health; exit code 0 if it answers 200')
    .argument('[url]', 'what to ask (default: /health on the port that SKYOPS_PORT says, of this machine)')
    .option('--timeout <duration>', 'how long to wait for the answer', durationArgument, DEFAULT_TIMEOUT_SECONDS)
    .addHelpText(
      'after',
      '\nExamples:\n  skyops check\n  skyops check http://skyops.default.svc/ready\n  skyops check http://10.0.0.7:8001/health --timeout 500ms',
    )
    .action(async (given: string | undefined, { timeout }: { timeout: number }) => {
      const url = urlOf(given, parts);
      done(url === undefined ? EXIT_CODES.misconfigured : await check(url, timeout, parts));
    });
};

async function check(url: URL, timeoutSeconds: number, { terminal, clock }: CommandParts): Promise<number> {
  const startMs = clock.monotonicMs();
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(timeoutSeconds * 1000), redirect: 'manual' });
    await answer.body?.cancel();
    const line = `${url.href} answered ${answer.status} after ${Math.round(clock.monotonicMs() - startMs)} ms\n`;
    if (answer.status === 200) terminal.out(line);
    else terminal.err(`skyops: ${line}`);
    return answer.status === 200 ? EXIT_CODES.clean : EXIT_CODES.failed;
  } catch (error) {
    terminal.err(`skyops: ${url.href} did not answer: ${reasonOf(error)}\n`);
    return EXIT_CODES.failed;
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

/** What fetch hides one level down: refused, not found, timed out. */
function reasonOf(error: unknown): string {
  const { name, message, cause } = error as Error & { cause?: { code?: string } };
  if (name === 'TimeoutError') return 'no answer in time';
  return cause?.code ?? message;
}
