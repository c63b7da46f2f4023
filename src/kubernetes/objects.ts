/** Takes the objects out of the files that somebody names, as kubectl does, and remembers where each of them stands. */
import { decode } from './decode.ts';
import { Field, isFields, Refusals } from './field.ts';
import { readDocuments } from './yaml.ts';
import type { Value } from './yaml-values.ts';

export type ManifestFile = { readonly path: string; readonly text: string };

export type KubernetesObject = {
  readonly file: string;
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace: string;
  readonly value: { readonly [key: string]: Value };
};

export type Objects = {
  readonly objects: readonly KubernetesObject[];
  /** One sentence for each file or document that kubectl could not read; it goes on with the next file. */
  readonly errors: readonly string[];
  /** What is read, and perhaps not as it is meant. */
  readonly notes: readonly string[];
};

const DEFAULT_NAMESPACE = 'default';

/** Files of tools that stand beside manifests and are no objects. */
export const NO_MANIFEST = /(^|\/)kustomization\.ya?ml$/i;

export function readObjects(files: readonly ManifestFile[]): Objects {
  const objects: KubernetesObject[] = [];
  const errors: string[] = [];
  const notes: string[] = [];
  for (const { path, text } of files) {
    if (NO_MANIFEST.test(path)) continue;
    const { documents, error } = readDocuments(text);
    for (const document of documents) {
      for (const each of itemsOf(document)) {
        const object = objectOf(path, each.value, each.within);
        if (typeof object === 'string') errors.push(`${path}: ${object}`);
        else objects.push(object);
      }
    }
    if (error !== undefined) errors.push(`${path} cannot be read: ${error}.`);
    if (hasTwoInOne(text))
      notes.push(
        `${path}: two objects stand in one document, and the last one holds, as for kubectl. A line --- is missing between them.`,
      );
  }
  return { objects, errors, notes };
}

/** As `cat a.yaml b.yaml` makes it: the second `kind` of a document replaces the first without a word. */
function hasTwoInOne(text: string): boolean {
  return text.split(/^(?:---|\.\.\.).*$/m).some((document) => (document.match(/^kind:/gm) ?? []).length > 1);
}

type Item = { readonly value: Value; readonly within?: string };

/** Whatever has a list `items` is taken apart: a List of kubectl, or one of a kind, whose items may leave that kind out. */
function itemsOf(document: Value): readonly Item[] {
  if (!isFields(document) || !('items' in document)) return [{ value: document }];
  const { items, kind, apiVersion } = document;
  const isWhole = typeof kind === 'string' && kind !== '' && (apiVersion == null || typeof apiVersion === 'string');
  if (!isWhole || (items !== null && !Array.isArray(items))) return [{ value: document }];
  // kubectl gives the whole of it up.
  const nested = (items ?? []).find((item) => isFields(item) && Array.isArray(item['items']));
  if (nested !== undefined) return [{ value: nested, within: 'items' }];
  const inferred = { apiVersion: apiVersion ?? null, kind: kind.replace(/List$/, '') };
  return ((items ?? []) as readonly Value[]).map((item) => ({
    value: isFields(item) && !item['kind'] && !item['apiVersion'] ? { ...item, ...inferred } : item,
    within: 'items',
  }));
}

/** A sentence where it is no object. */
function objectOf(file: string, value: Value, within?: string): KubernetesObject | string {
  const where = within === undefined ? 'a document' : 'an entry of a List';
  if (!isFields(value))
    return `${where} is no object of Kubernetes: it must be a map with apiVersion, kind and metadata.`;
  const { apiVersion, kind, items } = value;
  if (typeof kind !== 'string' || kind === '') {
    return `${where} has no kind, so that kubectl refuses it. If it is a file of values, leave it out of --file.`;
  }
  if (within !== undefined && Array.isArray(items)) return 'a List stands in another List, which kubectl refuses.';
  if (within === undefined && isFields(items)) return `the items of a ${kind} are a map, and must be a list.`;
  if (within !== undefined && !apiVersion) return `a ${kind} in a List has no apiVersion, so that kubectl refuses it.`;
  const called = isFields(value['metadata']) ? value['metadata']['name'] : undefined;
  const refusals = new Refusals(typeof called === 'string' ? `${kind} ${called}` : `a ${kind}`);
  const root = new Field(value, '', refusals);
  const version = root.at('apiVersion').text() ?? '';
  const metadata = root.at('metadata');
  decode(metadata, 'ObjectMeta');
  const [refusal] = refusals.sentences;
  // kubectl reads these for every kind, and gives up what it cannot.
  if (refusal !== undefined) return refusal;
  const namespace = metadata.at('namespace').text() ?? '';
  const [group, ofGroup] = groupAndVersion(version);
  return {
    file,
    group,
    version: ofGroup,
    kind,
    name: metadata.at('name').text() ?? '',
    namespace: namespace === '' ? DEFAULT_NAMESPACE : namespace,
    value,
  };
}

/** `apps/v1` is the group apps; `v1` alone is the core group, which has no name. */
export function groupAndVersion(apiVersion: string): readonly [group: string, version: string] {
  const [first = '', ...rest] = apiVersion.split('/');
  return rest.length === 0 ? ['', first] : [first, rest.join('/')];
}

/** How an object is called in a sentence. */
export const called = ({ kind, name, namespace, file }: Omit<KubernetesObject, 'value' | 'group' | 'version'>) =>
  `${file}, ${kind} ${name === '' ? 'without a name' : name}${namespace === DEFAULT_NAMESPACE ? '' : ` in ${namespace}`}`;
