/**
 * Variables of OpenTelemetry, read by its rules: what cannot be used is a warning, and the nearest right thing holds.
 * @see https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
 */
import { HIDDEN, parseNumber, type Setting } from '#foundation/setting.ts';

type Declaration<Value> = { readonly variable: string; readonly meaning: string; readonly fallback: Value };

/** Only `true`, in any case, is true; whatever else is false, with a warning unless it is `false`. */
export function standardBoolean(declaration: Declaration<boolean>): Setting<boolean> {
  const read = (text: string) => text.trim().toLowerCase();
  return {
    ...declaration,
    expected: 'true or false',
    isForeign: true,
    parse: (text) => read(text) === 'true',
    remark: (text) =>
      ['true', 'false'].includes(read(text)) ? undefined : 'is neither true nor false: it counts as false',
  };
}

type Range = { readonly minimum: number; readonly maximum: number };

/** A number beyond the range becomes the end of the range that is nearest. */
export function standardNumber(
  { minimum, maximum, ...declaration }: Declaration<number> & Range,
  zeroMeans = 0,
): Setting<number> {
  const isWhole = Number.isInteger(declaration.fallback) && maximum > 1;
  const read = (text: string) => {
    const value = parseNumber(text);
    if (value === undefined || value < 0 || (isWhole && !Number.isInteger(value))) return undefined;
    return value === 0 ? zeroMeans : value;
  };
  return {
    ...declaration,
    expected: `${isWhole ? 'a whole number' : 'a number'} from ${minimum} to ${maximum}`,
    isForeign: true,
    parse: (text) => {
      const value = read(text);
      return value === undefined ? undefined : Math.min(Math.max(value, minimum), maximum);
    },
    remark: (text) => {
      const value = read(text) ?? minimum;
      if (value > maximum) return `is more than ${maximum}: ${maximum} holds`;
      return value < minimum ? `is less than ${minimum}: ${minimum} holds` : undefined;
    },
  };
}

/** One word of a closed set, in any case. */
export function standardChoice<const Choice extends string, Fallback extends Choice | null>({
  choices,
  replacedBy = {},
  ...declaration
}: Declaration<Fallback> & {
  readonly choices: readonly Choice[];
  /** Words of the specification that are not had here, and what comes nearest. */
  readonly replacedBy?: Readonly<Record<string, Choice>>;
}): Setting<Choice | Fallback> {
  const read = (text: string) => text.trim().toLowerCase();
  const nearestTo = (word: string) => (Object.hasOwn(replacedBy, word) ? replacedBy[word] : undefined);
  return {
    ...declaration,
    expected: `one of ${choices.join(', ')}`,
    isForeign: true,
    parse: (text) => nearestTo(read(text)) ?? choices.find((choice) => choice === read(text)),
    remark: (text) => {
      const nearest = nearestTo(read(text));
      return nearest === undefined ? undefined : `is not had here: ${nearest} holds`;
    },
  };
}

/** Words of a closed set, in any case, parted by commas; those that are not known are left out. */
export function standardList<const Choice extends string>({
  choices,
  ...declaration
}: Declaration<readonly Choice[]> & { readonly choices: readonly Choice[] }): Setting<readonly Choice[]> {
  const wordsOf = (text: string) => text.split(',').map((word) => word.trim().toLowerCase());
  const isKnown = (word: string): word is Choice => choices.some((choice) => choice === word);
  return {
    ...declaration,
    expected: `a list, parted by commas, of ${choices.join(', ')}`,
    isForeign: true,
    shownFallback: declaration.fallback.join(','),
    parse: (text) => {
      const known = [...new Set(wordsOf(text).filter(isKnown))];
      // The specification's `none` among others means nothing.
      const meant = known.length > 1 ? known.filter((word) => word !== 'none') : known;
      return meant.length === 0 ? undefined : meant;
    },
    remark: (text) => {
      const isRight = wordsOf(text).every((word) => word === '' || isKnown(word));
      return isRight
        ? undefined
        : `has entries that are not known here and are left out; known are ${choices.join(', ')}`;
    },
  };
}

/** @see https://www.w3.org/TR/baggage/#baggage-http-header-format, the form that OTEL_RESOURCE_ATTRIBUTES and _HEADERS share. */
const PAIR = /^[^=\s]+\s*=/;

/** `key=value,key2=value2`. One that cannot be read spoils the whole, as the specification says. */
export function standardPairs(variable: string, meaning: string): Setting<Readonly<Record<string, string>>> {
  return {
    variable,
    meaning,
    expected: 'a list such as key=value,key2=value2, with values percent-encoded',
    fallback: {},
    shownFallback: 'none',
    isForeign: true,
    parse: pairsOf,
  };
}

/** RFC 9110, section 5.6.2; and what a header may hold of ASCII. What is neither would be quoted in the error of whoever sends it. */
const HEADER_NAME = /^[\w!#$%&'*+.^`|~-]+$/;
const HEADER_VALUE = /^[\t\x20-\x7e]*$/;

/** The same, as headers: their names have no case. */
export function standardHeaders(variable: string, meaning: string): Setting<Readonly<Record<string, string>>> {
  return {
    ...standardPairs(variable, meaning),
    expected: 'a list of headers such as key=value,key2=value2, with values percent-encoded',
    isSecret: true,
    parse: (text) => {
      const pairs = Object.entries(pairsOf(text) ?? { '': '' }).map(([name, value]) => [
        name.toLowerCase(),
        value.trim(),
      ]);
      const isRight = pairs.every(([name = '', value = '']) => HEADER_NAME.test(name) && HEADER_VALUE.test(value));
      return isRight ? Object.fromEntries(pairs) : undefined;
    },
  };
}

function pairsOf(text: string): Readonly<Record<string, string>> | undefined {
  const entries = text
    .split(',')
    .map((pair) => pair.trim())
    .filter((pair) => pair !== '');
  if (entries.length === 0 || !entries.every((pair) => PAIR.test(pair))) return undefined;
  try {
    return Object.fromEntries(
      entries.map((pair) => {
        const [key = '', ...value] = pair.split('=');
        return [decodeURIComponent(key.trim()), decodeURIComponent(value.join('=').trim())];
      }),
    );
  } catch {
    return undefined;
  }
}

/** The path of a file, which is read when spans are exported. */
export function standardPath(variable: string, meaning: string): Setting<string | null> {
  return {
    variable,
    meaning,
    expected: 'the path of a file',
    fallback: null,
    isForeign: true,
    parse: (text) => text.trim(),
  };
}

/** Where a collector is. */
export type CollectorAddress = {
  /** Without the credentials. */
  readonly href: string;
  /** The value of an Authorization header, made from the credentials in the URL. */
  readonly authorization: string | undefined;
  /** Without one, `href` begins with http://. */
  readonly hasScheme: boolean;
};

/** The address of a collector. Credentials in it are used and never shown. */
export function standardUrl(variable: string, meaning: string): Setting<CollectorAddress | null> {
  return {
    variable,
    meaning,
    expected: 'an http or https URL such as http://collector:4318',
    fallback: null,
    isForeign: true,
    parse: (text) => {
      const url = urlOf(text);
      if (url === undefined) return undefined;
      const { username, password } = url;
      const credentials = `${decoded(username)}:${decoded(password)}`;
      url.username = '';
      url.password = '';
      const authorization = `Basic ${Buffer.from(credentials).toString('base64')}`;
      return {
        href: url.href,
        authorization: credentials === ':' ? undefined : authorization,
        hasScheme: hasScheme(text),
      };
    },
    remark: (text) =>
      hasScheme(text) ? undefined : 'has no scheme: it is taken for https with grpc, and for http otherwise',
    shown: (text) => shownUrl(urlOf(text), hasScheme(text)),
  };
}

const hasScheme = (text: string) => /^[a-z][a-z0-9+.-]*:\/\//i.test(text.trim());

/** A name, an IPv4 address, or an IPv6 address in brackets, before which credentials may stand; then a port and a path. */
const ADDRESS = /^(?:[^@/?#]*@)?(\[[\da-fA-F:.]+\]|[A-Za-z0-9][\w.-]*)(?::\d{1,5})?(?:[/?#].*)?$/;
/** What stands there where a variable was not filled in, or where the colon behind a scheme was lost. */
const NO_HOST = /^(?:\d+|https?|true|false|null|undefined)$/i;

function urlOf(text: string): URL | undefined {
  const [, scheme = 'http', rest = ''] = /^(?:([A-Za-z][\w+.-]*):\/\/)?(.*)$/s.exec(text.trim()) ?? [];
  const host = ADDRESS.exec(rest)?.[1];
  if (!/^https?$/i.test(scheme) || host === undefined || NO_HOST.test(host)) return undefined;
  return URL.parse(`${scheme}://${rest}`) ?? undefined;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A per cent sign that stands for itself.
    return text;
  }
}

/** The paths that documentation gives; another one may be a credential. */
const KNOWN_PATHS: ReadonlySet<string> = new Set([
  '/',
  '/v1/traces',
  '/otlp',
  '/otlp/',
  '/otlp/v1/traces',
  '/api/v2/otlp',
]);

/** Whatever stands where credentials may stand is left out, the query and other paths too. */
function shownUrl(url: URL | undefined, isWhole: boolean): string {
  if (url === undefined) return HIDDEN;
  const scheme = isWhole ? `${url.protocol}//` : '';
  const credentials = url.username === '' && url.password === '' ? '' : `${HIDDEN}@`;
  const path = KNOWN_PATHS.has(url.pathname) ? url.pathname : `/${HIDDEN}`;
  return `${scheme}${credentials}${url.host}${path}${url.search === '' ? '' : `?${HIDDEN}`}`;
}
