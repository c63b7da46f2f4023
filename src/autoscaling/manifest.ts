/** The autoscaler of a manifest: from the YAML of a HorizontalPodAutoscaler and its Deployment to the words of this room. Pure. */
import Type, { type Static, type TSchema } from 'typebox';
import * as Schema from 'typebox/schema';
import { parseAllDocuments, parseDocument } from 'yaml';
import { granted, type Outcome, refused } from '#foundation/outcome.ts';
import { parseCpuAmount } from '#foundation/quantity.ts';
import {
  type AutoscalerSpec,
  DEFAULT_SCALE_DOWN,
  DEFAULT_SCALE_UP,
  DEFAULT_TARGET_UTILIZATION,
  type ScalingRules,
} from './spec.ts';

export type ManifestParts = {
  readonly spec: AutoscalerSpec;
  readonly requestCores: number;
  /** Nothing where a container has no limit. */
  readonly limitCores: number | null;
  /** What the forecast leaves out, in a sentence each. */
  readonly notes: readonly string[];
};

/** What is read of them; everything else is left to Kubernetes. */
const Count = Type.Integer({ minimum: 0 });
const Rules = Type.Object(
  {
    stabilizationWindowSeconds: Type.Optional(Type.Integer({ minimum: 0, maximum: 3600 })),
    selectPolicy: Type.Optional(Type.Enum(['Max', 'Min', 'Disabled'])),
    policies: Type.Optional(
      Type.Array(
        Type.Object(
          {
            type: Type.Enum(['Pods', 'Percent']),
            value: Type.Integer({ minimum: 1 }),
            periodSeconds: Type.Integer({ minimum: 1, maximum: 1800 }),
          },
          { additionalProperties: false },
        ),
        { minItems: 1 },
      ),
    ),
    tolerance: Type.Optional(
      Type.Union([Type.Number({ minimum: 0 }), Type.String({ pattern: '^(\\d{1,3}(\\.\\d+)?|\\d{1,6}m)$' })]),
    ),
  },
  { additionalProperties: false },
);
/** `spec.behavior`; the chart's values are checked by it too. */
export const Behavior = Type.Object(
  { scaleUp: Type.Optional(Rules), scaleDown: Type.Optional(Rules) },
  { additionalProperties: false },
);
const Autoscaler = Type.Object({
  apiVersion: Type.Literal('autoscaling/v2'),
  spec: Type.Object({
    scaleTargetRef: Type.Object({ kind: Type.String(), name: Type.String() }),
    minReplicas: Type.Optional(Count),
    maxReplicas: Type.Integer({ minimum: 1 }),
    metrics: Type.Optional(
      Type.Array(
        Type.Object({
          type: Type.String(),
          resource: Type.Optional(
            Type.Object({
              name: Type.String(),
              target: Type.Object({ type: Type.String(), averageUtilization: Type.Optional(Count) }),
            }),
          ),
        }),
      ),
    ),
    behavior: Type.Optional(Behavior),
  }),
});
const Cpu = Type.Optional(Type.Object({ cpu: Type.Optional(Type.Union([Type.String(), Type.Number()])) }));
const Target = Type.Object({
  spec: Type.Object({
    template: Type.Object({
      spec: Type.Object({
        containers: Type.Array(Type.Object({ resources: Type.Optional(Type.Object({ requests: Cpu, limits: Cpu })) }), {
          minItems: 1,
        }),
      }),
    }),
  }),
});
/** What `kubectl get --output yaml` gives for several. */
const List = Type.Object({ kind: Type.Literal('List'), items: Type.Array(Type.Unknown()) });
const Named = Type.Object({ kind: Type.String(), metadata: Type.Object({ name: Type.String() }) });

type Container = Static<typeof Target>['spec']['template']['spec']['containers'][number];

/** @param yaml one or several documents. Refuses, in one sentence each, whatever keeps it from a forecast. */
export function readManifest(yaml: string): Outcome<ManifestParts, readonly string[]> {
  const documents = parseAllDocuments(yaml);
  const wrong = documents.flatMap(({ errors }) => errors.map(({ message }) => `This is not YAML: ${message}`));
  if (wrong.length > 0) return refused(wrong);
  const objects = documents
    .map((document) => document.toJS() as unknown)
    .flatMap((each) => (Schema.Check(List, each) ? each.items : [each]))
    .filter((each) => Schema.Check(Named, each));
  const [autoscaler, ...others] = objects.filter(({ kind }) => kind === 'HorizontalPodAutoscaler');
  if (autoscaler === undefined) return refused(['There is no HorizontalPodAutoscaler in it.']);
  if (others.length > 0) {
    const names = [autoscaler, ...others].map(({ metadata }) => metadata.name).join(', ');
    return refused([`There are ${others.length + 1} autoscalers in it (${names}): give the file of one of them.`]);
  }
  if (!Schema.Check(Autoscaler, autoscaler)) return refused(wrongIn('HorizontalPodAutoscaler', Autoscaler, autoscaler));
  const { scaleTargetRef, metrics, behavior, minReplicas = 1, maxReplicas } = autoscaler.spec;
  const target = objects.find(
    ({ kind, metadata }) => kind === scaleTargetRef.kind && metadata.name === scaleTargetRef.name,
  );
  const called = `${scaleTargetRef.kind} ${scaleTargetRef.name}`;
  if (target === undefined) {
    return refused([`It scales ${called}, which is not in it: give the file of that too.`]);
  }
  if (!Schema.Check(Target, target)) return refused(wrongIn(called, Target, target));

  const errors: string[] = [];
  // An empty list is filled by Kubernetes as a missing one is.
  const metric = metrics?.find(({ type, resource }) => type === 'Resource' && resource?.name === 'cpu');
  if ((metrics ?? []).length > 0 && metric === undefined) {
    errors.push('It has no metric of type Resource for cpu; no other can be foretold.');
  }
  const aim = metric?.resource?.target;
  if (aim !== undefined && aim.type !== 'Utilization') {
    errors.push(`Its cpu metric has a target of type ${aim.type}; only Utilization can be foretold.`);
  }
  const { containers } = target.spec.template.spec;
  const requestCores = sumOf(containers, 'requests');
  if (requestCores === null) {
    errors.push('A container has no CPU request, so that the autoscaler has nothing to divide by and never scales.');
  }
  if (errors.length > 0 || requestCores === null) return refused(errors);
  const rest = (metrics ?? []).filter((each) => each !== metric).map(({ type, resource }) => resource?.name ?? type);
  return granted({
    requestCores,
    limitCores: sumOf(containers, 'limits'),
    // The autoscaler takes the most that any of its metrics wants.
    notes: rest.length > 0 ? [`It looks at more than cpu (${rest.join(', ')}), which may want more replicas.`] : [],
    spec: {
      minReplicas,
      maxReplicas,
      targetUtilization: aim?.averageUtilization ?? DEFAULT_TARGET_UTILIZATION,
      ...behaviorOf(behavior),
    },
  });
}

type BehaviorParts = Pick<AutoscalerSpec, 'hasBehavior' | 'scaleUp' | 'scaleDown'>;

/** @param text `spec.behavior` as JSON or YAML. Refuses what Kubernetes would. */
export function readBehavior(text: string): Outcome<BehaviorParts, readonly string[]> {
  const document = parseDocument(text);
  if (document.errors.length > 0) return refused(document.errors.map(({ message }) => `This is not YAML: ${message}`));
  const given = document.toJS() as unknown;
  return Schema.Check(Behavior, given) ? granted(behaviorOf(given)) : refused(wrongIn('behavior', Behavior, given));
}

function behaviorOf(behavior: Static<typeof Behavior> | undefined): BehaviorParts {
  return {
    hasBehavior: behavior !== undefined,
    scaleUp: rulesOf(behavior?.scaleUp, DEFAULT_SCALE_UP),
    scaleDown: rulesOf(behavior?.scaleDown, DEFAULT_SCALE_DOWN),
  };
}

function wrongIn(called: string, schema: TSchema, given: unknown): readonly string[] {
  const [, errors] = Schema.Errors(schema, given);
  return errors.map(({ instancePath, message }) => `${called}, ${instancePath || 'as a whole'}: ${message}`);
}

/** Over all containers of a pod, in cores; nothing where one of them says none. */
function sumOf(containers: readonly Container[], which: 'requests' | 'limits'): number | null {
  // A limit without a request is the request too.
  const amounts = containers.map(({ resources }) => {
    const given = resources?.[which]?.cpu ?? (which === 'requests' ? resources?.limits?.cpu : undefined);
    return parseCpuAmount(given ?? '');
  });
  return amounts.reduce<number | null>(
    (sum, amount) => (sum === null || amount?.type !== 'cores' ? null : sum + amount.cores),
    0,
  );
}

/** A quantity as people write it, and as the API server gives it back: `0.05`, `50m`. */
function toleranceOf(given: string | number): number {
  return typeof given === 'string' && given.endsWith('m') ? Number(given.slice(0, -1)) / 1000 : Number(given);
}

/** Each field that is not given has its default, and not the others. */
function rulesOf(given: Static<typeof Rules> | undefined, defaults: ScalingRules): ScalingRules {
  return {
    stabilizationWindowSeconds: given?.stabilizationWindowSeconds ?? defaults.stabilizationWindowSeconds,
    selectPolicy: given?.selectPolicy ?? defaults.selectPolicy,
    policies: given?.policies ?? defaults.policies,
    tolerance: given?.tolerance === undefined ? defaults.tolerance : toleranceOf(given.tolerance),
  };
}
