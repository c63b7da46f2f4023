/** The contract of a command: it declares itself to the parser, and ends with an exit code. */
import type { Command as Declared } from 'commander';
import type { Environment } from '#config/load.ts';
import type { Clock } from '#foundation/clock.ts';
import type { Supply } from '#simulation/kind.ts';
import type { Terminal } from './terminal.ts';

/** What simulations of this process may draw on, and how long the kernel has stopped it so far. */
export type Machine = { readonly supply: Supply; readonly throttledSeconds: () => number | null };

export type CommandParts = {
  readonly terminal: Terminal;
  readonly clock: Clock;
  readonly environment: Environment;
  readonly openMachine: () => Promise<Machine>;
  /** Runs the service until it has stopped; gives its exit code. */
  readonly serve: () => Promise<number>;
};

/** Adds its command to the program. `done` takes the exit code of the one that was asked for. */
export type Command = (program: Declared, parts: CommandParts, done: (exitCode: number) => void) => void;
