/** Reads the Prefer header (RFC 7240): how long a caller wants to wait for what it starts. */

export type Preference = {
  readonly respondAsync: boolean;
  /** `undefined` without a usable `wait`. */
  readonly waitSeconds: number | undefined;
};

/** What is not understood is ignored, as section 2 of the RFC asks; of repeated preferences the first one counts. */
export function parsePrefer(header: string | readonly string[] | undefined): Preference {
  const preferences = new Map<string, string>();
  for (const preference of String(header ?? '').split(',')) {
    // Cut at the `;`, because RFC 7240, section 2, lets parameters follow it and has unknown ones ignored; these two have none.
    const [name = '', value = ''] = (preference.split(';')[0] ?? '').split('=').map((part) => part.trim());
    if (!preferences.has(name.toLowerCase())) preferences.set(name.toLowerCase(), value.replace(/^"(.*)"$/, '$1'));
  }
  const wait = preferences.get('wait') ?? '';
  return {
    respondAsync: preferences.has('respond-async'),
    waitSeconds: /^\d{1,6}$/.test(wait) ? Number(wait) : undefined,
  };
}
