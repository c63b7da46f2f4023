/** Reads the environment into the configuration, or says everything that is wrong with it at once. */

import { granted, type Outcome, refused } from '#foundation/outcome.ts';
import { HIDDEN, type Setting } from '#foundation/setting.ts';
import { drainConflict } from '#lifecycle/drain.ts';
import { asksForExport, missingEndpoint } from '#observability/tracing/settings.ts';
import { type Config, settings } from './catalog.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export type Loaded = {
  readonly config: Config;
  /** The declared variables that are set, as they were given: what /status may show of the environment. */
  readonly given: Readonly<Record<string, string>>;
  /** What is odd and harmless, for the log. */
  readonly warnings: readonly string[];
};

/** One line for each thing that is wrong: the variable, what was given, what would be right. */
export type ConfigErrors = readonly string[];

/**
 * The variables that Kubernetes sets for a Service, here one that is named `skyops` or `skyops-…`. They are not
 * ours, although one of them is spelt SKYOPS_PORT.
 * @see https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables
 */
const SERVICE_LINK_NAME =
  /^SKYOPS(_[A-Z0-9_]{1,63})?_(SERVICE_(HOST|PORT(_[A-Z0-9_]{1,63})?)|PORT_\d{1,5}_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)$/;
const SERVICE_LINK_PORT = /^(tcp|udp|sctp):\/\//;

export function loadConfig(environment: Environment): Outcome<Loaded, ConfigErrors> {
  const errors: string[] = [];
  const warnings: string[] = [];
  /** Of variables that are not ours. */
  const remarks: string[] = [];
  const given: Record<string, string> = {};
  const known = new Set<string>();
  let links = 0;

  const isLink = (variable: string, text: string) =>
    SERVICE_LINK_NAME.test(variable) || (/_PORT$/.test(variable) && SERVICE_LINK_PORT.test(text));

  function readSetting(setting: Setting<unknown>): unknown {
    const { variable } = setting;
    known.add(variable);
    const text = environment[variable];
    // An empty value is how a manifest or a Compose file spells "not set".
    if (text === undefined || text === '' || isLink(variable, text)) return setting.fallback;
    const value = setting.parse(setting.isForeign === true ? unquoted(text) : text);
    const remark =
      value === undefined ? `is not ${setting.expected}: it is not used` : setting.remark?.(unquoted(text));
    if (setting.isForeign === true) {
      if (remark !== undefined) remarks.push(`${variable} ${remark}.`);
    } else if (value === undefined) {
      errors.push(
        `${variable}: got ${setting.isSecret ? 'a value that is not shown' : shown(text)}, expected ${setting.expected}.`,
      );
    }
    if (value !== undefined) given[variable] = setting.isSecret ? HIDDEN : (setting.shown?.(unquoted(text)) ?? text);
    return value ?? setting.fallback;
  }

  const config = Object.fromEntries(
    Object.entries(settings).map(([group, declared]) => [
      group,
      Object.fromEntries(Object.entries(declared).map(([name, setting]) => [name, readSetting(setting)])),
    ]),
    // Built from `settings` entry by entry, so it has the form that Config derives from it.
  ) as unknown as Config;

  for (const [variable, text = ''] of Object.entries(environment)) {
    if (!variable.startsWith('SKYOPS_')) continue;
    if (isLink(variable, text)) links += 1;
    else if (!known.has(variable)) errors.push(`${variable}: there is no such setting.${suggestion(variable, known)}`);
  }
  // Where one of the drain's own settings is wrong, a conflict with its fallback would be a riddle.
  const isDrainRead = Object.values(settings.drain).every(
    ({ variable }) => !errors.some((error) => error.startsWith(`${variable}:`)),
  );
  const conflict = isDrainRead ? drainConflict(config.drain) : undefined;
  if (conflict !== undefined) errors.push(conflict);
  // Nobody wants to hear of the details of an export that is off.
  if (asksForExport(config.tracing, environment)) warnings.push(...remarks, ...missingEndpoint(config.tracing));
  if (links > 0) {
    warnings.push(
      `Ignored ${links} SKYOPS_… variables that Kubernetes sets for a Service of this name. Set enableServiceLinks: false in the pod to be rid of them.`,
    );
  }
  return errors.length > 0 ? refused(errors) : granted({ config, given, warnings });
}

/** A list in a Compose file keeps the quotes of its values. */
const unquoted = (text: string) => /^\s*(["'])(.*)\1\s*$/s.exec(text)?.[2] ?? text;

/** What was given, short and on one line whatever is in it. */
function shown(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}

/** The setting that was probably meant: the one that shares most pairs of letters (Dice's coefficient). */
function suggestion(variable: string, known: ReadonlySet<string>): string {
  const pairsOf = (name: string) => {
    const letters = name.replace(/^SKYOPS|_/g, '');
    return new Set([...letters].map((letter, index) => letter + (letters[index + 1] ?? '')));
  };
  const given = pairsOf(variable);
  const likeness = (name: string) => {
    const pairs = pairsOf(name);
    return (2 * given.intersection(pairs).size) / (given.size + pairs.size);
  };
  const best = [...known].toSorted((a, b) => likeness(b) - likeness(a))[0];
  return best !== undefined && likeness(best) > 0.5
    ? ` Did you mean ${best}?`
    : ' docs/reference/configuration.md lists all.';
}
