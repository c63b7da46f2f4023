/** The forms of names in Kubernetes, and what is refused of the names and labels of an object. */
import type { Field } from './field.ts';

type Form = { readonly is: (text: string) => boolean; readonly rule: string };

const isPart = (text: string) => /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(text);
const isWord = (text: string) => text.length <= 63 && /^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/.test(text);
const isSubdomain = (text: string) => text.length <= 253 && text.split('.').every(isPart);

/** @see https://kubernetes.io/docs/concepts/overview/working-with-objects/names/ and …/labels/ */
const FORMS = {
  label: {
    is: (text) => text.length <= 63 && isPart(text),
    rule: 'at most 63 small letters, digits and dashes, with a letter or digit at both ends',
  },
  subdomain: {
    is: isSubdomain,
    rule: 'at most 253 small letters, digits, dashes and dots, with a letter or digit at both ends of each part',
  },
  labelKey: {
    is: (text) => {
      const [name = '', prefix, ...more] = text.split('/').toReversed();
      return isWord(name) && (prefix === undefined || isSubdomain(prefix)) && more.length === 0;
    },
    rule: 'a name of letters, digits, dashes, dots and underscores, with a domain and a slash before it or without',
  },
  labelValue: {
    is: (text) => text === '' || isWord(text),
    rule: 'at most 63 letters, digits, dashes, dots and underscores, with a letter or digit at both ends',
  },
  portName: {
    is: (text) => text.length <= 15 && isPart(text) && /[a-z]/.test(text) && !text.includes('--'),
    rule: 'at most 15 small letters, digits and single dashes, with one letter at least',
  },
  pathSegment: {
    is: (text) => text !== '.' && text !== '..' && !/[/%]/.test(text),
    rule: 'a name without / and %',
  },
} as const satisfies Readonly<Record<string, Form>>;

/** With a domain before a slash, or without. */
export const isQualifiedName = (text: string) => FORMS.labelKey.is(text);

/** Refuses a name of another form; also one that is missing, where it must be there. */
export function refuseBadName(field: Field, form: keyof typeof FORMS, isRequired = true): void {
  const name = field.text() ?? '';
  const { is, rule } = FORMS[form];
  if (name === '' ? isRequired : !is(name)) field.refuse(rule);
}

/** @returns the labels, which are texts alone: `version: 2` is refused. */
export function labelsOf(field: Field): ReadonlyMap<string, string> {
  return new Map(
    field.map().map((name) => {
      const label = field.at(name);
      if (!FORMS.labelKey.is(name)) label.refuse(`under another key: ${FORMS.labelKey.rule}`);
      const value = label.text() ?? '';
      if (!FORMS.labelValue.is(value)) label.refuse(FORMS.labelValue.rule);
      return [name, value] as const;
    }),
  );
}

/** Name, namespace, labels and the keys of annotations, as every object has them. `kubectl apply` does without generateName. */
export function refuseBadMetadata(metadata: Field): void {
  refuseBadName(metadata.at('name'), 'subdomain');
  refuseBadName(metadata.at('namespace'), 'label', false);
  labelsOf(metadata.at('labels'));
  const annotations = metadata.at('annotations');
  for (const name of annotations.map()) {
    if (!FORMS.labelKey.is(name.toLowerCase()))
      annotations.at(name).refuse(`under another key: ${FORMS.labelKey.rule}`);
  }
}
