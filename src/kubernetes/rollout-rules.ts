/**
 * What the API server refuses of how a workload makes and replaces its pods: strategies, waiting times and schedules.
 * @see k8s.io/kubernetes, pkg/apis/apps/validation/validation.go
 */
import type { Field } from './field.ts';

/** @param spec of a kind whose pods run without an end; each has some of the fields. */
export function refuseBadRollout(spec: Field, kind: string): void {
  const pod = spec.at('template').at('spec');
  if (pod.at('activeDeadlineSeconds').isThere)
    pod.at('activeDeadlineSeconds').refuse(`left out, because a ${kind} runs without an end`);
  for (const name of ['replicas', 'minReadySeconds', 'revisionHistoryLimit', 'progressDeadlineSeconds']) {
    if ((spec.at(name).integer() ?? 0) < 0) spec.at(name).refuse('at least 0');
  }
  if (kind === 'Deployment') refuseBadDeployment(spec);
  if (kind === 'StatefulSet') refuseBadStatefulSet(spec);
  if (kind === 'DaemonSet') refuseBadType(spec.at('updateStrategy'), ['RollingUpdate', 'OnDelete']);
}

export function refuseBadCronJob(spec: Field): void {
  const schedule = spec.at('schedule');
  if ((schedule.text() ?? '') === '') schedule.refuse('a schedule, such as "0 3 * * *"');
  spec.at('concurrencyPolicy').optional(['Allow', 'Forbid', 'Replace']);
}

function refuseBadDeployment(spec: Field): void {
  const [ready, deadline] = [spec.at('minReadySeconds'), spec.at('progressDeadlineSeconds')];
  const least = ready.integer() ?? 0;
  if ((deadline.integer() ?? 600) <= least) {
    if (deadline.isThere) deadline.refuse(`above minReadySeconds, which is ${least}`);
    else ready.refuse('below progressDeadlineSeconds, which is 600 where nothing is said');
  }
  const strategy = spec.at('strategy');
  refuseBadType(strategy, ['RollingUpdate', 'Recreate']);
  const [unavailable, surge] = ['maxUnavailable', 'maxSurge'].map((name) =>
    countOf(strategy.at('rollingUpdate').at(name)),
  );
  if (unavailable === 0 && surge === 0)
    strategy.at('rollingUpdate').at('maxUnavailable').refuse('above 0, because maxSurge is 0');
}

function refuseBadStatefulSet(spec: Field): void {
  refuseBadType(spec.at('updateStrategy'), ['RollingUpdate', 'OnDelete']);
  spec.at('podManagementPolicy').optional(['OrderedReady', 'Parallel']);
  const partition = spec.at('updateStrategy').at('rollingUpdate').at('partition');
  if ((partition.integer() ?? 0) < 0) partition.refuse('at least 0');
}

/** What is rolled has its own settings, and nothing else has them. */
function refuseBadType(strategy: Field, types: readonly string[]): void {
  const type = strategy.at('type');
  type.optional(types);
  const rolling = strategy.at('rollingUpdate');
  if (rolling.isThere && (type.value ?? '') !== '' && type.value !== 'RollingUpdate')
    rolling.refuse(`left out, because the type is ${String(type.value)}`);
}

/** A number, or per cent. */
function countOf(field: Field): number | undefined {
  if (!field.isThere) return undefined;
  const percent = typeof field.value === 'string' ? /^(\d+)%$/.exec(field.value)?.[1] : undefined;
  const count = typeof field.value === 'string' ? Number(percent) : field.integer();
  if (count === undefined || !(count >= 0)) return field.refuse('at least 0, or per cent such as 25%');
  if (percent !== undefined && count > 100 && field.path.endsWith('maxUnavailable'))
    return field.refuse('at most 100%');
  return count;
}
