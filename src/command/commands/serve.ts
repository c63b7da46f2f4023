/** skyops serve: the service itself; what happens without any words too. */
import type { Command } from '../command.ts';

export const serveCommand: Command = (program, { serve }, done) => {
  program
    .command('serve')
    .description('start the service; without any words this is what happens')
    .addHelpText('after', '\nIt is configured by environment variables: docs/reference/configuration.md')
    .action(async () => done(await serve()));
};
