/** Whether the labels of a pod are those that a selector asks for. */
import type { Field } from './field.ts';
import { labelsOf, refuseBadName } from './names.ts';

export type Selector = (labels: ReadonlyMap<string, string>) => boolean;

/** `matchLabels` and `matchExpressions`. Refuses one that is missing or empty, as a workload has it. */
export function selectorOf(field: Field): Selector {
  const wanted = labelsOf(field.at('matchLabels'));
  const expressions = field.at('matchExpressions').list().map(expressionOf);
  if (wanted.size + expressions.length === 0) {
    field.refuse('the labels of its pods, such as matchLabels: {app: web}');
    return () => false;
  }
  const hasWanted = withLabels(wanted);
  return (labels) => hasWanted(labels) && expressions.every((matches) => matches(labels));
}

/** Each of these, and whatever else there is. */
export const withLabels =
  (wanted: ReadonlyMap<string, string>): Selector =>
  (labels) =>
    [...wanted].every(([name, value]) => labels.get(name) === value);

function expressionOf(field: Field): Selector {
  refuseBadName(field.at('key'), 'labelKey');
  const key = field.at('key').text() ?? '';
  const operator = field.at('operator').needed(['In', 'NotIn', 'Exists', 'DoesNotExist']);
  const list = field.at('values');
  const values = list.list().map((value) => value.text() ?? '');
  for (const value of list.list()) refuseBadName(value, 'labelValue', false);
  if (operator === 'Exists' || operator === 'DoesNotExist') {
    if (values.length > 0) list.refuse(`left out, because the operator is ${operator}`);
    return (labels) => labels.has(key) === (operator === 'Exists');
  }
  if (values.length === 0) list.refuse('a list of at least one value');
  return (labels) =>
    values.includes(labels.get(key) ?? '') && labels.has(key) ? operator === 'In' : operator === 'NotIn';
}
