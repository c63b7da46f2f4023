/** Parses YAML whose lines stand further left, within brackets and quotes, than the yaml package takes. */
import { type Document, Lexer, parseDocument, type YAMLParseError } from 'yaml';
import { ScalarError } from './scalar.ts';

/**
 * In a flow collection and in a text in quotes go-yaml lets lines begin anywhere, `]` and `"` above all, and this parser does not: such lines
 * are indented and read again.
 * @throws ScalarError for what is no YAML.
 */
export function parseIndented(source: string): { readonly document: Document; readonly source: string } {
  let text = source;
  let before = -1;
  for (let reads = 1; ; reads += 1) {
    const document = parseDocument(text, { version: '1.1', schema: 'failsafe', uniqueKeys: false, merge: false });
    // To go-yaml a # begins a comment behind every token, not behind a blank alone.
    const error = document.errors.find(({ message }) => !message.startsWith('Comments must be separated'));
    if (error === undefined) return { document, source: text };
    const offset = startOfLineToIndent(error, text);
    const isTooMuch = reads > READS_AT_LEAST && reads * text.length > MOST_READ;
    if (offset !== undefined && isTooMuch)
      throw new ScalarError('too many lines stand at the margin within brackets or quotes: indent them');
    if (offset === undefined || offset <= before)
      throw new ScalarError(error.message.split('\n')[0]?.replace(/:$/, '') ?? error.message);
    before = offset;
    text = indentedFrom(offset, text);
  }
}

/** Each place that must be indented is one reading more; no manifest has so many, and they would take minutes. */
const READS_AT_LEAST = 20;
const MOST_READ = 15_000_000;

function startOfLineToIndent({ code, message, linePos }: YAMLParseError, text: string): number | undefined {
  const isInFlow = code === 'BAD_INDENT' && /^Flow (sequence|map)/.test(message);
  const isInQuotes = code === 'MISSING_CHAR' && /^Missing closing ["']quote/.test(message);
  if (!isInFlow && !isInQuotes) return undefined;
  // Of a text in quotes the last line is named that belongs to it.
  let line = (linePos?.[0].line ?? 1) + (isInQuotes ? 1 : 0);
  let offset = 0;
  for (; line > 1 && offset >= 0; line -= 1) offset = text.indexOf('\n', offset) + 1 || -1;
  return offset < 0 ? undefined : offset;
}

/** Deeper than any collection is nested that has lines at the margin. */
export const MARGIN = ' '.repeat(80);
/** SampleBuffer of the lexer that stand for nothing in the text. */
const MARKS: ReadonlySet<string> = new Set(['\u0002', '\u0018', '\u001f']);

/** Indents the lines up to the end of the collection, or the text, that started before them. */
function indentedFrom(offset: number, text: string): string {
  const lines = text.slice(offset).split('\n');
  const indented = lines.map((line) => (line === '' ? line : MARGIN + line));
  const all = text.slice(0, offset) + indented.join('\n');
  let at = 0;
  let depth = 0;
  for (const token of new Lexer().lex(all)) {
    if (MARKS.has(token)) continue;
    if (token === '[' || token === '{') depth += 1;
    if (token === ']' || token === '}') depth -= 1;
    at += token.length;
    if (at > offset && depth <= 0 && token.trim() !== '') break;
  }
  const count = all.slice(offset, at).split('\n').length;
  return text.slice(0, offset) + [...indented.slice(0, count), ...lines.slice(count)].join('\n');
}
