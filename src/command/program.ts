/** The command line: reads the arguments, runs one command, gives its exit code. Only this room knows the parser. */
import { CommanderError, Command as Program } from 'commander';
import { EXIT_CODES } from '#lifecycle/exit-codes.ts';
import { commands } from './catalog.ts';
import type { CommandParts } from './command.ts';

const EXIT_CODE_HELP = `
Exit codes:
  0    done as asked
  1    it failed, or ended otherwise than asked
  2    the command line, the configuration or the request is wrong; nothing was started
  3    no capacity at the moment; the same may work later
  130  interrupted by Ctrl-C; what ran was cancelled`;

/** @param args those after the name of the program. Resolves with the exit code; never rejects for what a user may type. */
export async function runCommand(args: readonly string[], version: string, parts: CommandParts): Promise<number> {
  const { terminal } = parts;
  let exitCode: number = EXIT_CODES.clean;
  const program = new Program('skyops')
    .description('Behaves as a service should, makes exactly the load that you ask for, and proves what it delivered.')
    .version(version)
    .exitOverride()
    .configureOutput({ writeOut: terminal.out, writeErr: terminal.err })
    .showHelpAfterError('(skyops --help says more)')
    .addHelpText('after', EXIT_CODE_HELP);
  for (const declare of commands) {
    declare(program, parts, (code) => {
      exitCode = code;
    });
  }
  try {
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    // The parser has said what is wrong; help and version end this way too, with 0.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT_CODES.clean : EXIT_CODES.misconfigured;
    throw error;
  }
}
