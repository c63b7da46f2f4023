/**
 * What autoscaling/v1 has no fields for stands in annotations, as JSON with words of its own: read into the words of v2.
 * @see k8s.io/kubernetes, pkg/apis/autoscaling/v1/conversion.go
 */
import { decode } from '#kubernetes/decode.ts';
import { Field, isFields, Refusals } from '#kubernetes/field.ts';
import type { Value } from '#kubernetes/yaml-values.ts';

const PREFIX = 'autoscaling.alpha.kubernetes.io/';

/** The metrics beside `targetCPUUtilizationPercentage`, as v2 would have them. */
export function annotatedMetrics(root: Field): readonly Field[] {
  const annotation = annotationOf(root, 'metrics');
  if (!isOfType(annotation, '[]MetricSpecV1')) return [];
  return annotation.list().map((metric) => new Field(inWordsOfV2(metric), metric.path, metric.refusals));
}

/** `behavior`, absent where it is empty. Unlike in v2 nothing fills in missing policies. */
export function annotatedBehavior(root: Field): Field {
  const annotation = annotationOf(root, 'behavior');
  const behavior = new Field(inSmallLetters(annotation.value ?? null), annotation.path, root.refusals);
  const rules = ['scaleUp', 'scaleDown'].map((name) => behavior.at(name)).filter(({ isThere }) => isThere);
  if (!isOfType(behavior, 'HorizontalPodAutoscalerBehavior') || rules.length === 0)
    return new Field(undefined, annotation.path, root.refusals);
  for (const each of rules) {
    if (each.at('policies').list().length === 0) each.at('policies').refuse('a list of at least one policy');
  }
  return behavior;
}

/** Broken JSON is as absent. */
function annotationOf(root: Field, name: 'metrics' | 'behavior'): Field {
  const field = root.at('metadata').at('annotations').at(`${PREFIX}${name}`);
  try {
    return new Field(JSON.parse(field.text() ?? 'null') as Value, field.path, root.refusals);
  } catch {
    return new Field(undefined, field.path, root.refusals);
  }
}

/** One wrong type, and Kubernetes does without the whole annotation. */
function isOfType(field: Field, type: string): boolean {
  const silent = new Refusals('');
  decode(new Field(field.value, field.path, silent), type);
  return silent.sentences.length === 0;
}

function inWordsOfV2(metric: Field): Value {
  const type = metric.at('type').text() ?? '';
  const name = `${type.charAt(0).toLowerCase()}${type.slice(1)}`;
  const source = metric.at(name);
  if (!source.isThere || !Object.hasOwn(TRANSLATIONS, type)) return { type };
  return { type, [name]: TRANSLATIONS[type]?.((field) => source.at(field).value ?? null) ?? null };
}

type Read = (field: string) => Value;

const resource = (read: Read): Value => ({
  name: read('name'),
  container: read('container'),
  target: {
    type: read('targetAverageUtilization') === null ? 'AverageValue' : 'Utilization',
    averageUtilization: read('targetAverageUtilization'),
    averageValue: read('targetAverageValue'),
  },
});

const TRANSLATIONS: Readonly<Record<string, (read: Read) => Value>> = {
  Resource: resource,
  ContainerResource: resource,
  Pods: (read) => ({
    metric: { name: read('metricName') },
    target: { type: 'AverageValue', averageValue: read('targetAverageValue') ?? 0 },
  }),
  Object: (read) => ({
    metric: { name: read('metricName') },
    describedObject: read('target'),
    target: {
      type: 'Value',
      value: read('averageValue') === null ? (read('targetValue') ?? 0) : null,
      averageValue: read('averageValue'),
    },
  }),
  External: (read) => ({
    metric: { name: read('metricName') },
    target: { type: 'Value', value: read('targetValue'), averageValue: read('targetAverageValue') },
  }),
};

/** Go writes the names of its own fields there: `ScaleDown`, `StabilizationWindowSeconds`. */
function inSmallLetters(value: Value): Value {
  if (Array.isArray(value)) return value.map((each: Value) => inSmallLetters(each));
  if (!isFields(value)) return value;
  const entries = Object.entries(value);
  return Object.fromEntries(
    entries.map(([name, each]) => [name.charAt(0).toLowerCase() + name.slice(1), inSmallLetters(each)]),
  );
}
