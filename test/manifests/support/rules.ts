/**
 * What a locked-down cluster asks of manifests: one rule for each check of the tools that such clusters run, under its name there, and
 * for each rule the mutants that must break it. The tools themselves are in no registry that every machine reaches.
 *
 * PSS is the restricted Pod Security Standard of Kubernetes 1.34, KL kube-linter, KS kube-score, PO Polaris, KU Kubescape, CK Checkov.
 */

import { settings } from '#config/catalog.ts';
import { loadConfig } from '#config/load.ts';
import type { Manifest, Rendering } from './renderings.ts';

export type Rule = {
  /** What it says, as a sentence about the manifests. */
  readonly name: string;
  /** The checks of the tools that it stands for. */
  readonly standsFor: string;
  /** What breaks it, in words; nothing where all is well. */
  readonly broken: (manifests: readonly Manifest[]) => readonly string[];
  /** Where another rule stands for it. */
  readonly notOn?: Rendering['platform'];
  /** Changes that must break it, each by itself. They get a copy. */
  readonly mutants: readonly ((manifests: Manifest[]) => void)[];
};

const pick = (manifests: readonly Manifest[], kind: string) => manifests.filter((each) => each.kind === kind);
const deployment = (manifests: readonly Manifest[]): Manifest => {
  const [found] = pick(manifests, 'Deployment');
  if (found === undefined) throw new Error('there is no Deployment');
  return found;
};
const podOf = (manifests: readonly Manifest[]) => deployment(manifests).spec.template.spec;
const containerOf = (manifests: readonly Manifest[]) => podOf(manifests).containers[0];

/** Every pod that is made: the Deployment's, and those of `helm test`. */
const podSpecs = (manifests: readonly Manifest[]) =>
  manifests.flatMap(({ kind, spec, metadata }) =>
    kind === 'Deployment'
      ? [{ owner: `Deployment/${metadata.name}`, pod: spec.template.spec }]
      : kind === 'Pod'
        ? [{ owner: `Pod/${metadata.name}`, pod: spec }]
        : [],
  );
const containers = (manifests: readonly Manifest[]) =>
  podSpecs(manifests).flatMap(({ owner, pod }) =>
    [...pod.containers, ...(pod.initContainers ?? [])].map((container: any) => ({
      owner: `${owner}/${container.name}`,
      container,
      pod,
    })),
  );

/** A rule about every pod: the words of `test` where it is broken. */
const everyPod = (test: (pod: any) => string | false) => (manifests: readonly Manifest[]) =>
  podSpecs(manifests).flatMap(({ owner, pod }) => {
    const said = test(pod);
    return said === false ? [] : [`${owner}: ${said}`];
  });
const everyContainer = (test: (container: any, pod: any) => string | false) => (manifests: readonly Manifest[]) =>
  containers(manifests).flatMap(({ owner, container, pod }) => {
    const said = test(container, pod);
    return said === false ? [] : [`${owner}: ${said}`];
  });
const onPod = (change: (pod: any) => void) => (manifests: Manifest[]) => change(podOf(manifests));
const onContainer = (change: (container: any) => void) => (manifests: Manifest[]) => change(containerOf(manifests));
const onKind = (kind: string, change: (manifest: any) => void) => (manifests: Manifest[]) => {
  const [found] = pick(manifests, kind);
  if (found === undefined) throw new Error(`there is no ${kind}`);
  change(found);
};
const without = (kind: string) => (manifests: Manifest[]) => {
  const index = manifests.findIndex((each) => each.kind === kind);
  if (index < 0) throw new Error(`there is no ${kind}`);
  manifests.splice(index, 1);
};
const says = (isBroken: boolean, said: string): string | false => (isBroken ? said : false);
const probesOf = (container: any) =>
  ['startupProbe', 'livenessProbe', 'readinessProbe'].flatMap((name) =>
    container[name] === undefined ? [] : [{ name, probe: container[name] }],
  );
/** The service's own container; those of `helm test` run a moment and serve nothing. */
const isService = (container: any) => container.ports !== undefined;
const matches = (selector: Record<string, string>, labels: Record<string, string> = {}) =>
  Object.keys(selector).length > 0 && Object.entries(selector).every(([name, value]) => labels[name] === value);
const podLabels = (manifests: readonly Manifest[]) => deployment(manifests).spec.template.metadata.labels;
const bytesOf = (text: string) =>
  Number.parseFloat(text) * ({ Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30 }[text.replace(/[\d.]+/, '')] ?? 1);
const coresOf = (text: string) => (text.endsWith('m') ? Number.parseFloat(text) / 1000 : Number(text));

export const RULES: readonly Rule[] = [
  {
    name: 'no container is privileged',
    standsFor:
      'PSS baseline privileged · KL privileged-container · KS container-security-context-privileged · PO runAsPrivileged · KU C-0057 · CK 16',
    broken: everyContainer(({ securityContext }) => says(securityContext?.privileged === true, 'privileged')),
    mutants: [onContainer((container) => (container.securityContext.privileged = true))],
  },
  {
    name: 'nothing of the host is shared',
    standsFor:
      'PSS baseline host namespaces · KL host-network, host-pid, host-ipc · PO host*Set · KU C-0038, C-0041 · CK 17, 18, 19',
    broken: everyPod((pod) =>
      says(
        pod.hostNetwork === true || pod.hostPID === true || pod.hostIPC === true || pod.shareProcessNamespace === true,
        'shares a namespace',
      ),
    ),
    mutants: [
      onPod((pod) => (pod.hostNetwork = true)),
      onPod((pod) => (pod.hostPID = true)),
      onPod((pod) => (pod.hostIPC = true)),
      onPod((pod) => (pod.shareProcessNamespace = true)),
    ],
  },
  {
    name: 'no port of the host is taken',
    standsFor: 'PSS baseline host ports · KU C-0044 · CK 26',
    broken: everyContainer(({ ports = [] }) =>
      says(
        ports.some((port: any) => port.hostPort !== undefined),
        'hostPort',
      ),
    ),
    mutants: [onContainer((container) => (container.ports[0].hostPort = 8001))],
  },
  {
    name: 'volumes are of the harmless kinds, none of them the host’s',
    standsFor:
      'PSS restricted volume types · KL sensitive-host-mounts, docker-sock, writable-host-mount · KU C-0045, C-0048 · CK 27',
    broken: everyPod(({ volumes = [] }) => {
      const harmless = new Set([
        'configMap',
        'secret',
        'emptyDir',
        'projected',
        'downwardAPI',
        'name',
        'csi',
        'ephemeral',
        'persistentVolumeClaim',
      ]);
      const odd = volumes.flatMap((volume: any) => Object.keys(volume).filter((key) => !harmless.has(key)));
      return says(odd.length > 0, odd.join());
    }),
    mutants: [
      onPod((pod) => (pod.volumes = [{ name: 'host', hostPath: { path: '/' } }])),
      onPod((pod) => (pod.volumes = [{ name: 'docker', hostPath: { path: '/var/run/docker.sock' } }])),
      onPod((pod) => (pod.volumes = [{ name: 'nfs', nfs: { server: 'a', path: '/' } }])),
    ],
  },
  {
    name: 'privilege escalation is off',
    standsFor: 'PSS restricted · KL privilege-escalation-container · PO privilegeEscalationAllowed · KU C-0016 · CK 20',
    broken: everyContainer(({ securityContext }) =>
      says(securityContext?.allowPrivilegeEscalation !== false, 'allowPrivilegeEscalation'),
    ),
    mutants: [
      onContainer((container) => (container.securityContext.allowPrivilegeEscalation = true)),
      onContainer((container) => delete container.securityContext.allowPrivilegeEscalation),
      onContainer((container) => delete container.securityContext),
    ],
  },
  {
    name: 'every capability is dropped and none is added',
    standsFor:
      'PSS restricted · KL drop-net-raw-capability · PO dangerousCapabilities, insecureCapabilities · KU C-0046 · CK 25, 28, 37',
    broken: everyContainer(({ securityContext }) =>
      says(
        !securityContext?.capabilities?.drop?.includes('ALL') || (securityContext.capabilities.add ?? []).length > 0,
        'capabilities',
      ),
    ),
    mutants: [
      onContainer((container) => (container.securityContext.capabilities = { drop: ['NET_RAW'] })),
      onContainer((container) => (container.securityContext.capabilities.add = ['SYS_ADMIN'])),
      onContainer((container) => (container.securityContext.capabilities.add = ['NET_RAW'])),
      onContainer((container) => delete container.securityContext.capabilities),
    ],
  },
  {
    name: 'the root file system is read-only',
    standsFor:
      'KL no-read-only-root-fs · KS container-security-context-readonlyrootfilesystem · PO notReadOnlyRootFilesystem · KU C-0017 · CK 22',
    broken: everyContainer(({ securityContext }) => says(securityContext?.readOnlyRootFilesystem !== true, 'writable')),
    mutants: [
      onContainer((container) => (container.securityContext.readOnlyRootFilesystem = false)),
      onContainer((container) => delete container.securityContext.readOnlyRootFilesystem),
    ],
  },
  {
    name: 'it runs as a numeric user and group above 10000, never as root',
    notOn: 'openshift',
    standsFor:
      'PSS restricted · KL run-as-non-root · KS container-security-context-user-group-id · PO runAsRootAllowed · KU C-0013 · CK 23, 40',
    broken: everyPod(({ securityContext, containers: all }) =>
      says(
        securityContext?.runAsNonRoot !== true ||
          !(securityContext.runAsUser > 10_000) ||
          !(securityContext.runAsGroup > 10_000) ||
          securityContext.fsGroup === 0 ||
          (securityContext.supplementalGroups ?? []).length > 0 ||
          all.some(({ securityContext: own }: any) => own?.runAsNonRoot === false || own?.runAsUser < 10_000),
        'root',
      ),
    ),
    mutants: [
      onPod((pod) => (pod.securityContext.runAsNonRoot = false)),
      onPod((pod) => delete pod.securityContext.runAsNonRoot),
      onPod((pod) => (pod.securityContext.runAsUser = 0)),
      onPod((pod) => (pod.securityContext.runAsUser = 1000)),
      onPod((pod) => delete pod.securityContext.runAsUser),
      onPod((pod) => (pod.securityContext.runAsGroup = 0)),
      onPod((pod) => (pod.securityContext.fsGroup = 0)),
      onPod((pod) => (pod.securityContext.supplementalGroups = [4])),
      onContainer((container) => (container.securityContext.runAsUser = 0)),
      onContainer((container) => (container.securityContext.runAsNonRoot = false)),
    ],
  },
  {
    name: 'seccomp has the runtime’s profile',
    standsFor: 'PSS restricted · KS container-seccomp-profile · PO linuxHardening · KU C-0055, C-0211 · CK 29, 30, 31',
    broken: everyContainer(({ securityContext: own }, { securityContext }) =>
      says((own?.seccompProfile ?? securityContext?.seccompProfile)?.type !== 'RuntimeDefault', 'seccomp'),
    ),
    mutants: [
      onPod((pod) => delete pod.securityContext.seccompProfile),
      onPod((pod) => (pod.securityContext.seccompProfile.type = 'Unconfined')),
      onContainer((container) => (container.securityContext.seccompProfile = { type: 'Unconfined' })),
    ],
  },
  {
    name: 'no sysctl, no procMount, no AppArmor or SELinux of its own',
    standsFor: 'PSS baseline · KL unsafe-sysctls, unsafe-proc-mount',
    broken: everyPod(({ securityContext, containers: all }) =>
      says(
        securityContext?.sysctls !== undefined ||
          securityContext?.seLinuxOptions !== undefined ||
          securityContext?.appArmorProfile?.type === 'Unconfined' ||
          all.some(
            ({ securityContext: own }: any) => own?.procMount !== undefined || own?.seLinuxOptions !== undefined,
          ),
        'hardening',
      ),
    ),
    mutants: [
      onPod((pod) => (pod.securityContext.sysctls = [{ name: 'kernel.msgmax', value: '1' }])),
      onPod((pod) => (pod.securityContext.seLinuxOptions = { type: 'spc_t' })),
      onPod((pod) => (pod.securityContext.appArmorProfile = { type: 'Unconfined' })),
      onContainer((container) => (container.securityContext.procMount = 'Unmasked')),
    ],
  },
  {
    name: 'no probe and no hook names a host',
    standsFor: 'PSS baseline since 1.34 (KEP-4940)',
    broken: everyContainer((container) => {
      const handlers = [
        ...probesOf(container).map(({ probe }) => probe),
        ...Object.values<any>(container.lifecycle ?? {}),
      ];
      return says(
        handlers.some((handler) => handler.httpGet?.host !== undefined || handler.tcpSocket?.host !== undefined),
        'host',
      );
    }),
    mutants: [
      onContainer((container) => (container.livenessProbe.httpGet.host = '127.0.0.1')),
      onContainer((container) => (container.lifecycle.preStop = { httpGet: { host: 'a', port: 1 } })),
    ],
  },
  {
    name: 'no token of the Kubernetes API is mounted, and the account is its own',
    standsFor:
      'KL default-service-account, non-existent-service-account, deprecated-service-account-field · PO automountServiceAccountToken · KU C-0034, C-0261 · CK 38',
    broken: (manifests) => [
      ...everyPod((pod) =>
        says(
          pod.automountServiceAccountToken !== false ||
            pod.serviceAccount !== undefined ||
            pod.serviceAccountName === undefined ||
            pod.serviceAccountName === 'default',
          'token',
        ),
      )(manifests),
      ...podSpecs(manifests)
        .filter(
          ({ pod }) =>
            !pick(manifests, 'ServiceAccount').some(({ metadata }) => metadata.name === pod.serviceAccountName),
        )
        .map(({ owner }) => `${owner}: its account is not there`),
      ...pick(manifests, 'ServiceAccount')
        .filter((account) => account['automountServiceAccountToken'] !== false)
        .map(({ metadata }) => `${metadata.name}: token`),
    ],
    mutants: [
      onPod((pod) => delete pod.automountServiceAccountToken),
      onPod((pod) => (pod.serviceAccountName = 'default')),
      onPod((pod) => delete pod.serviceAccountName),
      onPod((pod) => (pod.serviceAccountName = 'nobody')),
      onPod((pod) => (pod.serviceAccount = 'skyops')),
      onKind('ServiceAccount', (account) => delete account.automountServiceAccountToken),
      without('ServiceAccount'),
    ],
  },
  {
    name: 'the environment has nothing that Kubernetes adds for Services',
    standsFor: 'reliability R124',
    broken: everyPod((pod) => says(pod.enableServiceLinks !== false, 'enableServiceLinks')),
    mutants: [onPod((pod) => delete pod.enableServiceLinks), onPod((pod) => (pod.enableServiceLinks = true))],
  },
  {
    name: 'CPU, memory and ephemeral storage are requested and limited, memory to what is requested',
    standsFor:
      'KL unset-cpu-requirements, unset-memory-requirements · KS container-resources, container-memory-requests-equal-limits, container-ephemeral-storage-request-and-limit · PO *Missing · KU C-0268 to C-0271 · CK 10 to 13',
    broken: everyContainer(({ resources }) => {
      const { requests = {}, limits = {} } = resources ?? {};
      const names = ['cpu', 'memory', 'ephemeral-storage'];
      return says(
        names.some((name) => requests[name] === undefined || limits[name] === undefined) ||
          bytesOf(requests.memory) !== bytesOf(limits.memory) ||
          coresOf(requests.cpu) > coresOf(limits.cpu),
        'resources',
      );
    }),
    mutants: [
      ...['cpu', 'memory', 'ephemeral-storage'].flatMap((name) => [
        onContainer((container) => delete container.resources.requests[name]),
        onContainer((container) => delete container.resources.limits[name]),
      ]),
      onContainer((container) => (container.resources.limits.memory = '1Gi')),
      onContainer((container) => (container.resources.requests.cpu = '4')),
      onContainer((container) => delete container.resources),
    ],
  },
  {
    name: 'it has three probes, on a port that the container names, and the three are not the same',
    standsFor:
      'KL no-liveness-probe, no-readiness-probe, liveness-port, readiness-port, startup-port · KS pod-probes, pod-probes-identical, container-ports-check · KU C-0018, C-0056 · CK 8, 9',
    broken: everyContainer((container) => {
      if (!isService(container)) return false;
      const probes = probesOf(container);
      const names = container.ports.map(({ name }: any) => name);
      return says(
        probes.length !== 3 ||
          probes.some(({ probe }) => !names.includes(probe.httpGet?.port)) ||
          JSON.stringify(container.livenessProbe) === JSON.stringify(container.readinessProbe),
        'probes',
      );
    }),
    mutants: [
      onContainer((container) => delete container.livenessProbe),
      onContainer((container) => delete container.readinessProbe),
      onContainer((container) => delete container.startupProbe),
      onContainer((container) => (container.livenessProbe.httpGet.port = 'nope')),
      onContainer((container) => (container.startupProbe.httpGet.port = 9)),
      onContainer((container) => (container.livenessProbe = container.readinessProbe)),
      onContainer((container) => (container.readinessProbe = { exec: { command: ['true'] } })),
    ],
  },
  {
    name: 'probes forgive a busy moment: a minute to start, half a minute of silence to be killed, seconds to lose traffic',
    standsFor: 'requirement R23',
    broken: (manifests) => {
      const { startupProbe = {}, livenessProbe = {}, readinessProbe = {} } = containerOf(manifests);
      const patience = ({ periodSeconds = 10, failureThreshold = 3 }: any) => periodSeconds * failureThreshold;
      return [
        ...(patience(startupProbe) >= 60 ? [] : ['the start']),
        ...(patience(livenessProbe) >= 30 && livenessProbe.failureThreshold >= 3 && livenessProbe.timeoutSeconds >= 3
          ? []
          : ['liveness']),
        ...(patience(readinessProbe) <= 15 && readinessProbe.failureThreshold >= 2 && readinessProbe.timeoutSeconds >= 2
          ? []
          : ['readiness']),
      ];
    },
    mutants: [
      onContainer((container) => (container.startupProbe.failureThreshold = 5)),
      onContainer((container) => (container.livenessProbe.failureThreshold = 1)),
      onContainer((container) => (container.livenessProbe.timeoutSeconds = 1)),
      onContainer((container) => (container.readinessProbe.failureThreshold = 1)),
      onContainer((container) => (container.readinessProbe.periodSeconds = 30)),
    ],
  },
  {
    name: 'it probes liveness and readiness where they are',
    standsFor: 'the contract of /health and /ready',
    broken: everyContainer((container) =>
      says(
        isService(container) &&
          (container.livenessProbe?.httpGet?.path !== '/health' ||
            container.startupProbe?.httpGet?.path !== '/health' ||
            container.readinessProbe?.httpGet?.path !== '/ready'),
        'paths',
      ),
    ),
    mutants: [
      onContainer((container) => (container.livenessProbe.httpGet.path = '/ready')),
      onContainer((container) => (container.startupProbe.httpGet.path = '/ready')),
      onContainer((container) => (container.readinessProbe.httpGet.path = '/health')),
    ],
  },
  {
    name: 'the image has a version, and is pulled as that asks for',
    standsFor: 'KL latest-tag · KS container-image-tag · PO tagNotSpecified · KU C-0075 · CK 14',
    broken: everyContainer(({ image, imagePullPolicy }) =>
      says(
        !/(^[^@]*:[\w][\w.-]*|@sha256:[0-9a-f]{64})$/.test(image) ||
          /:latest$/.test(image) ||
          imagePullPolicy === undefined,
        image,
      ),
    ),
    mutants: [
      onContainer((container) => (container.image = 'skyops')),
      onContainer((container) => (container.image = 'skyops:latest')),
      onContainer((container) => (container.image = 'skyops@sha256:12')),
      onContainer((container) => delete container.imagePullPolicy),
    ],
  },
  {
    name: 'no variable holds a credential, and none is set twice',
    standsFor:
      'KL env-var-secret, duplicate-env-var · PO sensitiveContainerEnvVar, sensitiveConfigmapContent · KU C-0012',
    broken: (manifests) => [
      ...everyContainer(({ env = [] }) => {
        const names = env.map(({ name }: any) => name);
        const telling = env.filter(
          ({ name, value }: any) => value !== undefined && /SECRET|TOKEN|PASSWORD|API_?KEY|HEADERS/i.test(name),
        );
        return says(new Set(names).size !== names.length || telling.length > 0, 'variables');
      })(manifests),
      ...pick(manifests, 'ConfigMap')
        .filter((map) => /password|secret_key|BEGIN [A-Z ]*PRIVATE KEY/i.test(JSON.stringify(map['data'])))
        .map(({ metadata }) => metadata.name),
    ],
    mutants: [
      onContainer((container) => container.env.push({ name: 'OTEL_EXPORTER_OTLP_HEADERS', value: 'authorization=x' })),
      onContainer((container) => container.env.push({ name: 'API_TOKEN', value: 'x' })),
      onContainer((container) => container.env.push({ ...container.env[0] })),
      (manifests) =>
        manifests.push({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, data: { a: 'password: x' } }),
    ],
  },
  {
    name: 'every variable is a declared setting with a right value',
    standsFor: 'the configuration of SkyOps',
    broken: (manifests) => {
      const known = new Set(
        Object.values(settings).flatMap((group) => Object.values(group).map(({ variable }) => variable as string)),
      );
      return containers(manifests).flatMap(({ owner, container }) => {
        const env: { name: string; value?: string }[] = container.env ?? [];
        const strange = env.filter(({ name }) => !known.has(name)).map(({ name }) => `${owner}: ${name}`);
        const given = env.filter(({ value }) => value !== undefined).map(({ name, value }) => [name, value]);
        const loaded = loadConfig(Object.fromEntries(given));
        return [...strange, ...(loaded.ok ? [] : loaded.refusal)];
      });
    },
    mutants: [
      onContainer((container) => container.env.push({ name: 'SKYOPS_LOGLEVEL', value: 'debug' })),
      onContainer((container) => container.env.push({ name: 'NODE_OPTIONS', value: '--inspect' })),
      onContainer((container) => container.env.push({ name: 'SKYOPS_MAX_CORES', value: 'many' })),
    ],
  },
  {
    name: 'the drain fits into the grace period, preStop included',
    standsFor: 'reliability R1 to R6',
    broken: (manifests) => {
      const pod = podOf(manifests);
      const { lifecycle, env } = containerOf(manifests);
      const value = (name: string) => env.find((each: any) => each.name === name)?.value;
      const preStop = lifecycle?.preStop?.sleep?.seconds;
      const grace = Number(value('SKYOPS_TERMINATION_GRACE_SECONDS'));
      const delay = Number(value('SKYOPS_DRAIN_DELAY_SECONDS') ?? settings.drain.drainDelaySeconds.fallback);
      const drain =
        delay + Number(value('SKYOPS_DRAIN_TIMEOUT_SECONDS') ?? settings.drain.drainTimeoutSeconds.fallback) + 4;
      return [
        ...(preStop > 0 ? [] : ['no preStop sleep']),
        // As long as endpoints take to leave: nobody but the process can close kept connections meanwhile.
        ...(delay >= 2 ? [] : [`${delay} s of drain delay`]),
        ...(grace + preStop === pod.terminationGracePeriodSeconds ? [] : [`the process is told ${grace} s`]),
        ...(preStop + drain <= pod.terminationGracePeriodSeconds
          ? []
          : [`${preStop} + ${drain} s of ${pod.terminationGracePeriodSeconds}`]),
      ];
    },
    mutants: [
      onPod((pod) => (pod.terminationGracePeriodSeconds = 30)),
      onPod((pod) => delete pod.terminationGracePeriodSeconds),
      onContainer((container) => delete container.lifecycle),
      onContainer((container) => (container.lifecycle.preStop.sleep.seconds = 25)),
      onContainer((container) => container.env.unshift({ name: 'SKYOPS_DRAIN_DELAY_SECONDS', value: '0' })),
      onContainer((container) =>
        container.env.splice(
          container.env.findIndex(({ name }: any) => name === 'SKYOPS_TERMINATION_GRACE_SECONDS'),
          1,
        ),
      ),
    ],
  },
  {
    name: 'a rollout takes no replica away before another is ready',
    standsFor: 'KL no-rolling-update-strategy · KS deployment-strategy',
    broken: (manifests) => {
      const { strategy, minReadySeconds } = deployment(manifests).spec;
      const isGentle = strategy?.type === 'RollingUpdate' && strategy.rollingUpdate?.maxUnavailable === 0;
      return isGentle && minReadySeconds >= 5 ? [] : ['strategy'];
    },
    mutants: [
      onKind('Deployment', ({ spec }) => (spec.strategy = { type: 'Recreate' })),
      onKind('Deployment', ({ spec }) => (spec.strategy.rollingUpdate.maxUnavailable = 1)),
      onKind('Deployment', ({ spec }) => delete spec.strategy),
      onKind('Deployment', ({ spec }) => delete spec.minReadySeconds),
    ],
  },
  {
    name: 'replicas are spread over hosts',
    standsFor:
      'KL no-anti-affinity · KS deployment-has-host-podantiaffinity, pod-topology-spread-constraints · PO topologySpreadConstraint',
    broken: (manifests) => {
      const { affinity, topologySpreadConstraints = [] } = podOf(manifests);
      const labels = podLabels(manifests);
      const terms = affinity?.podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
      const isApart = terms.some(
        ({ podAffinityTerm: term }: any) =>
          term.topologyKey === 'kubernetes.io/hostname' && matches(term.labelSelector.matchLabels, labels),
      );
      const isSpread = topologySpreadConstraints.some(({ labelSelector }: any) =>
        matches(labelSelector?.matchLabels ?? {}, labels),
      );
      return [...(isApart ? [] : ['no anti-affinity']), ...(isSpread ? [] : ['no spread'])];
    },
    mutants: [
      onPod((pod) => delete pod.affinity),
      onPod((pod) => delete pod.topologySpreadConstraints),
      onPod((pod) => (pod.topologySpreadConstraints[0].labelSelector.matchLabels = { a: 'b' })),
      onPod((pod) => {
        const [term] = pod.affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution;
        term.podAffinityTerm.topologyKey = 'topology.kubernetes.io/zone';
      }),
    ],
  },
  {
    name: 'one autoscaler owns the number of replicas, of at least two',
    standsFor:
      'KL dangling-horizontalpodautoscaler · KS deployment-targeted-by-hpa-does-not-have-replicas-configured, horizontalpodautoscaler-replicas, deployment-replicas · PO deploymentMissingReplicas',
    broken: (manifests) => {
      const scalers = [...pick(manifests, 'HorizontalPodAutoscaler'), ...pick(manifests, 'ScaledObject')];
      const { name } = deployment(manifests).metadata;
      const least = scalers[0]?.spec.minReplicas ?? scalers[0]?.spec.minReplicaCount;
      const most = scalers[0]?.spec.maxReplicas ?? scalers[0]?.spec.maxReplicaCount;
      return [
        ...(scalers.length === 1 ? [] : [`${scalers.length} autoscalers`]),
        ...(scalers[0]?.spec.scaleTargetRef.name === name ? [] : ['it scales something else']),
        ...(deployment(manifests).spec.replicas === undefined ? [] : ['replicas']),
        ...(least >= 2 && most > least ? [] : [`${least} to ${most} replicas`]),
      ];
    },
    mutants: [
      onKind('Deployment', ({ spec }) => (spec.replicas = 3)),
      onKind('HorizontalPodAutoscaler', ({ spec }) => (spec.minReplicas = 1)),
      onKind('HorizontalPodAutoscaler', ({ spec }) => (spec.maxReplicas = 2)),
      onKind('HorizontalPodAutoscaler', ({ spec }) => (spec.scaleTargetRef.name = 'other')),
      without('HorizontalPodAutoscaler'),
      (manifests) =>
        manifests.push(structuredClone(manifests.find(({ kind }) => kind === 'HorizontalPodAutoscaler') as Manifest)),
    ],
  },
  {
    name: 'a node can be drained, one replica at a time, and always',
    standsFor:
      'KL pdb-max-unavailable, pdb-min-available, pdb-unhealthy-pod-eviction-policy · KS deployment-has-poddisruptionbudget, poddisruptionbudget-has-policy · PO pdbDisruptionsIsZero, missingPodDisruptionBudget, pdbMinAvailableGreaterThanHPAMinReplicas',
    broken: (manifests) => {
      const budgets = pick(manifests, 'PodDisruptionBudget').filter(({ spec }) =>
        matches(spec.selector?.matchLabels ?? {}, podLabels(manifests)),
      );
      const [budget] = budgets;
      if (budget === undefined || budgets.length > 1) return [`${budgets.length} budgets`];
      const { maxUnavailable, minAvailable, unhealthyPodEvictionPolicy } = budget.spec;
      return maxUnavailable >= 1 && minAvailable === undefined && unhealthyPodEvictionPolicy === 'AlwaysAllow'
        ? []
        : ['budget'];
    },
    mutants: [
      without('PodDisruptionBudget'),
      onKind('PodDisruptionBudget', ({ spec }) => (spec.maxUnavailable = 0)),
      onKind('PodDisruptionBudget', ({ spec }) => {
        delete spec.maxUnavailable;
        spec.minAvailable = 2;
      }),
      onKind('PodDisruptionBudget', ({ spec }) => delete spec.unhealthyPodEvictionPolicy),
      onKind('PodDisruptionBudget', ({ spec }) => (spec.selector.matchLabels = { a: 'b' })),
    ],
  },
  {
    name: 'the network is closed both ways but for the port, names and a collector',
    standsFor:
      'KL non-isolated-pod, dangling-networkpolicy · KS pod-networkpolicy · PO missingNetworkPolicy · KU C-0030, C-0260',
    broken: (manifests) => {
      const policies = pick(manifests, 'NetworkPolicy').filter(({ spec }) =>
        matches(spec.podSelector?.matchLabels ?? {}, podLabels(manifests)),
      );
      const [policy] = policies;
      if (policy === undefined || policies.length > 1) return [`${policies.length} policies`];
      const { policyTypes = [], ingress = [], egress = [] } = policy.spec;
      const openRules = [...ingress, ...egress].filter((rule) => (rule.ports ?? []).length === 0);
      const strangePorts = ingress.flatMap((rule: any) => rule.ports ?? []).filter(({ port }: any) => port !== 'http');
      const openEgress = egress.filter((rule: any) => (rule.to ?? []).length === 0);
      return [
        ...(policyTypes.includes('Ingress') && policyTypes.includes('Egress') ? [] : ['types']),
        ...[...openRules, ...strangePorts, ...openEgress].map((rule) => JSON.stringify(rule)),
      ];
    },
    mutants: [
      without('NetworkPolicy'),
      onKind('NetworkPolicy', ({ spec }) => (spec.policyTypes = ['Ingress'])),
      onKind('NetworkPolicy', ({ spec }) => (spec.ingress = [{}])),
      onKind('NetworkPolicy', ({ spec }) => spec.ingress.push({ ports: [{ port: 22 }] })),
      onKind('NetworkPolicy', ({ spec }) => spec.egress.push({})),
      onKind('NetworkPolicy', ({ spec }) => delete spec.egress[0].to),
      onKind('NetworkPolicy', ({ spec }) => (spec.podSelector.matchLabels = { a: 'b' })),
    ],
  },
  {
    name: 'names are found: by the pods of the cluster and of OpenShift, and by a cache on the node that no selector finds',
    standsFor: 'Kubernetes NodeLocal DNSCache · OpenShift DNS operator (port 5353)',
    broken: (manifests) => {
      const egress: any[] = pick(manifests, 'NetworkPolicy').flatMap(({ spec }) => spec.egress ?? []);
      const letsThrough = (name: string, isPeer: (peer: any) => boolean, port: number) =>
        ['UDP', 'TCP']
          .filter(
            (protocol) =>
              !egress.some(
                ({ to = [], ports = [] }) =>
                  to.some(isPeer) && ports.some((each: any) => each.port === port && each.protocol === protocol),
              ),
          )
          .map((protocol) => `${name} by ${protocol} on ${port}`);
      const isOpenShift = ({ namespaceSelector }: any) =>
        namespaceSelector?.matchLabels?.['kubernetes.io/metadata.name'] === 'openshift-dns';
      return [
        ...letsThrough('kube-dns', ({ podSelector }) => podSelector?.matchLabels?.['k8s-app'] === 'kube-dns', 53),
        ...letsThrough('openshift-dns', isOpenShift, 5353),
        ...letsThrough('NodeLocal DNSCache', ({ ipBlock }) => ipBlock?.cidr === '169.254.20.10/32', 53),
        ...letsThrough('that of Kubespray', ({ ipBlock }) => ipBlock?.cidr === '169.254.25.10/32', 53),
      ];
    },
    mutants: [
      onKind('NetworkPolicy', ({ spec }) => spec.egress.shift()),
      onKind('NetworkPolicy', ({ spec }) => spec.egress[0].to.shift()),
      onKind('NetworkPolicy', ({ spec }) => spec.egress[0].to.pop()),
      onKind('NetworkPolicy', ({ spec }) => spec.egress[0].to.splice(1, 1)),
      onKind('NetworkPolicy', ({ spec }) => spec.egress[0].to.splice(2, 1)),
      onKind('NetworkPolicy', ({ spec }) => spec.egress[0].ports.pop()),
      onKind('NetworkPolicy', ({ spec }) => (spec.egress[0].ports[0].protocol = 'TCP')),
      onKind('NetworkPolicy', ({ spec }) => (spec.egress[0].ports = [{ port: 53, protocol: 'UDP' }])),
    ],
  },
  {
    name: 'the Service leads to a port of these pods',
    standsFor:
      'KL dangling-service, invalid-target-ports, mismatching-selector, ssh-port, privileged-ports · KS service-targets-pod',
    broken: (manifests) => {
      const [service] = pick(manifests, 'Service');
      const { selector, template } = deployment(manifests).spec;
      const ports = containerOf(manifests).ports;
      const targets: any[] = service?.spec.ports ?? [];
      return [
        ...(matches(service?.spec.selector ?? {}, template.metadata.labels) ? [] : ['the Service selects nothing']),
        ...(matches(selector.matchLabels, template.metadata.labels) ? [] : ['the Deployment selects nothing']),
        ...(targets.length > 0 && targets.every(({ targetPort }) => ports.some(({ name }: any) => name === targetPort))
          ? []
          : ['no such port']),
        ...(ports.every(({ containerPort }: any) => containerPort >= 1024) ? [] : ['a privileged port']),
      ];
    },
    mutants: [
      onKind('Service', ({ spec }) => (spec.selector = { a: 'b' })),
      onKind('Service', ({ spec }) => (spec.selector = {})),
      onKind('Service', ({ spec }) => (spec.ports[0].targetPort = 'web')),
      onKind('Deployment', ({ spec }) => (spec.selector.matchLabels = { a: 'b' })),
      onContainer((container) => (container.ports[0].containerPort = 22)),
      without('Service'),
    ],
  },
  {
    name: 'it is reached by either family of addresses, where the cluster has both',
    standsFor: 'KEP-563 dual stack · IPv6-only clusters',
    broken: (manifests) => [
      ...pick(manifests, 'Service').flatMap(
        ({ spec }) => says(spec.ipFamilyPolicy !== 'PreferDualStack', 'Service') || [],
      ),
      // Its default is every address of both; one of IPv4 alone is none that the kubelet of an IPv6-only cluster could probe.
      ...everyContainer(({ env = [] }) =>
        says(
          env.some(({ name }: any) => name === 'SKYOPS_HOST'),
          'SKYOPS_HOST',
        ),
      )(manifests),
    ],
    mutants: [
      onKind('Service', ({ spec }) => delete spec.ipFamilyPolicy),
      onKind('Service', ({ spec }) => (spec.ipFamilyPolicy = 'SingleStack')),
      onContainer((container) => container.env.push({ name: 'SKYOPS_HOST', value: '0.0.0.0' })),
    ],
  },
  {
    name: 'every object says what it is by the recommended labels',
    standsFor: 'PO metadataAndInstanceMismatched · Kubernetes recommended labels',
    broken: (manifests) =>
      manifests
        .filter(({ kind }) => kind !== 'Namespace' && kind !== 'PriorityClass')
        .filter(({ metadata }) =>
          ['name', 'instance', 'part-of'].some((name) => metadata.labels?.[`app.kubernetes.io/${name}`] === undefined),
        )
        .map(({ kind, metadata }) => `${kind}/${metadata.name}`),
    mutants: [
      onKind('Service', ({ metadata }) => delete metadata.labels['app.kubernetes.io/name']),
      onKind('Deployment', ({ metadata }) => delete metadata.labels['app.kubernetes.io/instance']),
      onKind('NetworkPolicy', ({ metadata }) => delete metadata.labels),
    ],
  },
  {
    name: 'nothing is forced into the default namespace',
    standsFor: 'KL use-namespace · KU C-0061 · CK 21',
    broken: (manifests) => manifests.filter(({ metadata }) => metadata.namespace === 'default').map(({ kind }) => kind),
    mutants: [onKind('Service', ({ metadata }) => (metadata.namespace = 'default'))],
  },
  {
    name: 'the last words of a container that died are kept',
    standsFor: 'reliability R125',
    broken: everyContainer((container) =>
      says(
        isService(container) && container.terminationMessagePolicy !== 'FallbackToLogsOnError',
        'terminationMessagePolicy',
      ),
    ),
    mutants: [onContainer((container) => delete container.terminationMessagePolicy)],
  },
];

/** In place of those that are not for OpenShift; their mutants start from a rendering for it. */
export const OPENSHIFT_RULES: readonly Rule[] = [
  {
    name: 'no user and no group is fixed, and it never runs as root',
    standsFor: 'PSS restricted · OpenShift restricted-v2 (MustRunAsRange for runAsUser and fsGroup)',
    broken: (manifests) => {
      const fixed = ['runAsUser', 'runAsGroup', 'fsGroup', 'supplementalGroups'];
      const has = (context: any) => fixed.filter((field) => context?.[field] !== undefined);
      return [
        ...everyPod(({ securityContext, containers: all }) =>
          says(
            securityContext?.runAsNonRoot !== true ||
              all.some(({ securityContext: own }: any) => own?.runAsNonRoot === false),
            'root',
          ),
        )(manifests),
        ...everyPod(({ securityContext }) => has(securityContext).join() || false)(manifests),
        ...everyContainer(({ securityContext }) => has(securityContext).join() || false)(manifests),
      ];
    },
    mutants: [
      onPod((pod) => (pod.securityContext.runAsUser = 65_532)),
      onPod((pod) => (pod.securityContext.runAsGroup = 65_532)),
      onPod((pod) => (pod.securityContext.fsGroup = 65_532)),
      onPod((pod) => (pod.securityContext.supplementalGroups = [65_532])),
      onPod((pod) => delete pod.securityContext.runAsNonRoot),
      onPod((pod) => delete pod.securityContext),
      onContainer((container) => (container.securityContext.runAsUser = 65_532)),
      onContainer((container) => (container.securityContext.runAsGroup = 65_532)),
      onContainer((container) => (container.securityContext.runAsNonRoot = false)),
    ],
  },
  {
    name: 'a Route leads to the port of the Service, with TLS, and waits as long as a simulation may take',
    standsFor: 'route.openshift.io/v1',
    broken: (manifests) =>
      pick(manifests, 'Route').flatMap(({ apiVersion, metadata, spec }) => {
        const [service] = pick(manifests, 'Service');
        const known = ['host', 'to', 'port', 'tls', 'wildcardPolicy'];
        return [
          ...(apiVersion === 'route.openshift.io/v1' ? [] : [apiVersion]),
          ...Object.keys(spec).filter((field) => !known.includes(field)),
          ...(spec.to.kind === 'Service' && spec.to.name === service?.metadata.name ? [] : ['no such Service']),
          ...(service?.spec.ports.some(({ name }: any) => name === 'http') && spec.port.targetPort === 'http'
            ? []
            : ['no such port']),
          ...(spec.tls?.termination === 'edge' && spec.tls.insecureEdgeTerminationPolicy === 'Redirect' ? [] : ['TLS']),
          ...(metadata.annotations?.['haproxy.router.openshift.io/timeout'] === '1h' ? [] : ['timeout']),
        ];
      }),
    mutants: [
      onKind('Route', (route) => (route.apiVersion = 'route.openshift.io/v2')),
      onKind('Route', ({ spec }) => (spec.hostname = 'a')),
      onKind('Route', ({ spec }) => (spec.to.name = 'other')),
      onKind('Route', ({ spec }) => (spec.port.targetPort = 80)),
      onKind('Route', ({ spec }) => delete spec.tls),
      onKind('Route', ({ metadata }) => delete metadata.annotations),
    ],
  },
];
