/** Whether the labels of a pod are those that a selector asks for. */
import type { Field } from './field.ts';

export type Selector = (labels: ReadonlyMap<string, string>) => boolean;

/** Texts alone: `version: 2` is refused by the API server. */
export function labelsOf(field: Field): ReadonlyMap<string, string> {
  return new Map(field.map().map((name) => [name, field.at(name).text() ?? '']));
}

/** `matchLabels` and `matchExpressions`. An empty one matches everything. */
export function selectorOf(field: Field): Selector {
  const wanted = labelsOf(field.at('matchLabels'));
  const expressions = field
    .at('matchExpressions')
    .list()
    .map((each) => ({
      key: each.at('key').text() ?? '',
      operator: each.at('operator').oneOf(['In', 'NotIn', 'Exists', 'DoesNotExist']),
      values: each
        .at('values')
        .list()
        .map((value) => value.text()),
    }));
  return (labels) =>
    [...wanted].every(([name, value]) => labels.get(name) === value) &&
    expressions.every(({ key, operator, values }) => {
      if (operator === 'Exists') return labels.has(key);
      if (operator === 'DoesNotExist') return !labels.has(key);
      return values.includes(labels.get(key)) === (operator === 'In');
    });
}
