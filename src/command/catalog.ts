/** Every command; a line here gives it its place in `skyops --help`. */
import { checkCommand } from './commands/check.ts';
import { hpaCommand } from './commands/hpa.ts';
import { loadCommand } from './commands/load.ts';
import { serveCommand } from './commands/serve.ts';
import { simulateCommand } from './commands/simulate.ts';

export const commands = [serveCommand, simulateCommand, loadCommand, hpaCommand, checkCommand];
