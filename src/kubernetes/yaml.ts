/** Reads the documents of a file as kubectl does: split at lines of ---, each by itself, in YAML 1.1 or as a stream of JSON. */
import { ScalarError } from './scalar.ts';
import { parseIndented } from './yaml-margins.ts';
import { refuseForeign, refuseTabs } from './yaml-refusals.ts';
import { type Value, valueIn } from './yaml-values.ts';

export type Documents = {
  readonly documents: readonly Value[];
  /** Why the rest of the file is not read; absent if all of it was. */
  readonly error?: string;
};

/** A line that begins with three dashes ends a document, wherever it stands (kubectl's YAMLReader); nothing but a comment may follow them. */
const SEPARATOR = /^---(.*)$/;

/** @param text the content of one file. What was read before an error is there. */
export function readDocuments(text: string): Documents {
  const content = text.replace(/^\ufeff/, '');
  const stream = /^\s*\{/.test(content) ? readJsonStream(content) : undefined;
  return stream ?? readYamlStream(content);
}

function readYamlStream(text: string): Documents {
  const documents: Value[] = [];
  let chunk: string[] = [];
  // At the start of a file the dashes belong to the document that they begin.
  let isMarked = false;
  try {
    const end = () => {
      const value = readChunk(chunk.join('\n').replace(/^\ufeff/, ''), isMarked);
      if (value !== null && value !== undefined) documents.push(value);
      isMarked = documents.length === 0 && chunk.length === 0;
      chunk = [];
    };
    for (const line of text.split('\n')) {
      const rest = SEPARATOR.exec(line.replace(/\r$/, ''))?.[1];
      if (rest === undefined) {
        chunk.push(line);
        continue;
      }
      if (!/^[ \t]*(#.*)?$/.test(rest)) {
        throw new ScalarError(`a document cannot begin on the line of its ---: ${JSON.stringify(line.slice(0, 40))}`);
      }
      end();
    }
    end();
    return { documents };
  } catch (error) {
    return { documents, error: (error as Error).message };
  }
}

/** One value behind the other; `undefined` where the first of them is not JSON, because it may be YAML then. */
function readJsonStream(text: string): Documents | undefined {
  const documents: Value[] = [];
  let rest = text.trimStart();
  while (rest !== '') {
    const length = jsonLength(rest);
    try {
      documents.push(exactJson(rest.slice(0, length)));
    } catch (error) {
      if (documents.length === 0) return undefined;
      // After the first value kubectl may still go on as YAML.
      const others = documents.length === 1 && readYamlStream(rest);
      if (!others) return { documents, error: `this is not JSON: ${(error as Error).message}` };
      return { ...others, documents: [...documents, ...others.documents] };
    }
    rest = rest.slice(length).trimStart();
  }
  return { documents };
}

/** Up to the brace that closes the one at the start. */
function jsonLength(text: string): number {
  let depth = 0;
  for (const { 0: token, index } of text.matchAll(/"(?:[^"\\]|\\.)*"?|[{}[\]]/gs)) {
    if (token === '{' || token === '[') depth += 1;
    if (token === '}' || token === ']') depth -= 1;
    if (depth <= 0 && token.length === 1) return index + 1;
  }
  return text.length;
}

/** Whole numbers beyond 53 bits stay as they are. */
function exactJson(text: string): Value {
  return JSON.parse(text, (_key, value: unknown, context?: { source?: string }) => {
    const source = context?.source ?? '';
    if (typeof value !== 'number' || Number.isSafeInteger(value) || !/^-?\d{16,20}$/.test(source)) return value;
    return BigInt(source);
  }) as Value;
}

/** A text in a manifest may hold templates of others; only what cannot be read is taken for one of Helm. */
function readChunk(text: string, isMarked: boolean): Value | undefined {
  try {
    return readYaml(text, isMarked);
  } catch (error) {
    if (error instanceof RangeError || /Maximum call stack/.test((error as Error).message))
      throw new ScalarError('it is nested deeper than can be read here, more than a thousand levels');
    if (!text.includes('{{')) throw error;
    throw new ScalarError(
      `${(error as Error).message}; it has {{ in it: a template must be rendered first, by helm template for example`,
    );
  }
}

/**
 * One document; `undefined` if there is nothing in it.
 * @param isMarked its dashes have been seen.
 */
function readYaml(text: string, isMarked: boolean): Value | undefined {
  // A second document behind `...` is not looked at, as in kubectl.
  const [first = ''] = text.split(/^\.\.\.(?=\s|$).*$/m, 1);
  // A directive and its document would stand in two chunks.
  if (/^%/m.test(first.split(/^[^#%\s]/m, 1)[0] ?? ''))
    throw new ScalarError('directives (%YAML, %TAG) are not taken by kubectl');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the rule warns of control characters by mistake, and kubectl refuses these very ones
  if (/[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]/.test(first)) throw new ScalarError('control characters are not allowed');
  // The line breaks of YAML 1.1.
  const { document, source } = parseIndented(first.replaceAll(/\r\n?|[\u0085\u2028\u2029]/g, '\n'));
  if (document.contents === null) {
    if (text.trim().startsWith('...') && !isMarked) throw new ScalarError('there is no document before ...');
    return undefined;
  }
  refuseForeign(document, source);
  refuseTabs(document, source);
  return valueIn(document, source);
}
