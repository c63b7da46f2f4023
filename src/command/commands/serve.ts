/** skyops serve: the service itself; what runs without any arguments too. */
import type { Command } from '../command.ts';

export const serveCommand: Command = (program, { serve }, done) => {
  program
    .command('serve')
    .description('start the service; without any arguments this is what runs')
    .addHelpText('after', '\nIt is configured by environment variables: docs/reference/configuration.md')
    .action(async () => done(await serve()));
};
