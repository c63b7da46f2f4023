/** Reads the Prefer header (RFC 7240): how long a caller wants to wait for what it starts. */

export type Preference = {
  readonly respondAsync: boolean;
  /** `undefined` without a usable `wait`. */
  readonly waitSeconds: number | undefined;
};

/**
 * Tokens of the grammar: a quoted string, a comma, a semicolon, an equals sign, or anything else up to the next of them. RFC 9110, section
 * 5.6: a comma or a semicolon within quotes parts nothing, and white space may stand beside each of them.
 */
const TOKEN = /"(?:[^"\\]|\\.)*"|[,;=]|[^",;=]+|"/gs;

/** What is not understood is ignored, as section 2 of the RFC asks; of repeated preferences the first one counts. */
export function parsePrefer(header: string | readonly string[] | undefined): Preference {
  const preferences = new Map<string, string>();
  let [name, value, part] = ['', '', 'name' as 'name' | 'value' | 'parameter'];
  const end = () => {
    const known = name.trim().toLowerCase();
    if (known !== '' && !preferences.has(known)) preferences.set(known, value.trim());
    [name, value, part] = ['', '', 'name'];
  };
  for (const [token] of String(header ?? '').matchAll(TOKEN)) {
    if (token === ',') end();
    // Parameters of a preference say nothing of these two.
    else if (token === ';') part = 'parameter';
    else if (token === '=' && part === 'name') part = 'value';
    else if (part === 'name') name += token;
    else if (part === 'value') value += token.length > 1 && token.startsWith('"') ? unquoted(token) : token;
  }
  end();
  const wait = preferences.get('wait') ?? '';
  return {
    respondAsync: preferences.has('respond-async'),
    waitSeconds: /^\d{1,9}$/.test(wait) ? Number(wait) : undefined,
  };
}

const unquoted = (text: string) => text.slice(1, -1).replace(/\\(.)/gs, '$1');

/** `Preference-Applied` (RFC 7240, section 3): what has shaped the answer; `undefined` if nothing has. */
export function preferenceApplied({ respondAsync, waitSeconds }: Preference, hasEnded: boolean): string | undefined {
  const applied = [
    ...(respondAsync && !hasEnded ? ['respond-async'] : []),
    ...(waitSeconds === undefined ? [] : [`wait=${waitSeconds}`]),
  ];
  return applied.length === 0 ? undefined : applied.join(', ');
}
