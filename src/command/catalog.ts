/** Every command; a line here gives it its place in `skyops --help`. */
import { checkCommand } from './commands/check.ts';
import { serveCommand } from './commands/serve.ts';
import { simulateCommand } from './commands/simulate.ts';

export const commands = [serveCommand, simulateCommand, checkCommand];
