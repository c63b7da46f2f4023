/**
 * What the API server refuses of the pods of a workload, besides amounts: names, ports, variables, mounts and probes. What hardly anybody writes
 * (affinity, security contexts, the inside of a volume) is not looked at.
 * @see k8s.io/kubernetes, pkg/apis/core/validation/validation.go
 */
import type { Field } from './field.ts';
import { labelsOf, refuseBadName } from './names.ts';

/** @param spec the pod's: `spec.template.spec`. @param claimed volumes that a StatefulSet adds. */
export function refuseBadPod(spec: Field, claimed: readonly string[]): void {
  const regular = spec.at('containers');
  if (regular.list().length === 0) regular.refuse('a list of at least one container');
  spec.at('dnsPolicy').optional(['ClusterFirst', 'ClusterFirstWithHostNet', 'Default', 'None']);
  if (spec.at('dnsPolicy').value === 'None' && !spec.at('dnsConfig').isThere)
    spec.at('dnsConfig').refuse('a list of nameservers, because dnsPolicy is None');
  refuseThere(spec.at('ephemeralContainers'), 'a template');
  for (const toleration of spec.at('tolerations').list()) refuseBadToleration(toleration);
  refuseBadName(spec.at('serviceAccountName'), 'subdomain', false);
  labelsOf(spec.at('nodeSelector'));
  const volumes = new Set([...claimed, ...volumesOf(spec.at('volumes'), new Set(claimed))]);
  const isOnHost = spec.at('hostNetwork').value === true;
  const pod: Surroundings = { volumes, names: new Set(), hostPorts: new Set(), isOnHost };
  for (const container of regular.list()) refuseBadContainer(container, pod, true);
  // They run one after the other, each with the ports of the host for itself.
  for (const container of spec.at('initContainers').list())
    refuseBadContainer(container, { ...pod, hostPorts: new Set() }, container.at('restartPolicy').value === 'Always');
}

/** What a container finds in its pod, and what the ones before it have taken. */
type Surroundings = {
  readonly volumes: ReadonlySet<string>;
  readonly names: Set<string>;
  readonly hostPorts: Set<string>;
  /** Its ports are those of the host. */
  readonly isOnHost: boolean;
};

function refuseBadToleration(toleration: Field): void {
  const [key, operator, value] = ['key', 'operator', 'value'].map((name) => toleration.at(name).text() ?? '');
  if (key === '' && operator !== 'Exists') toleration.at('operator').refuse('Exists, because there is no key');
  if (operator === 'Exists' && value !== '') toleration.at('value').refuse('left out, because the operator is Exists');
}

/** An empty list is as none. */
function refuseThere(field: Field, where: string): void {
  const isEmpty = Array.isArray(field.value) && field.value.length === 0;
  if (field.isThere && !isEmpty) field.refuse(`left out, because ${where} cannot have it`);
}

function volumesOf(field: Field, claimed: ReadonlySet<string>): ReadonlySet<string> {
  const names = new Set<string>();
  for (const volume of field.list()) {
    const name = volume.at('name').text() ?? '';
    refuseBadName(volume.at('name'), 'label');
    if (names.has(name)) volume.at('name').refuse('a name that no other volume has');
    names.add(name);
    const sources = volume.map().filter((each) => each !== 'name' && volume.at(each).isThere);
    refuseBadSource(volume);
    // What a StatefulSet claims stands for a volume of the same name.
    if (sources.length > 1 && !claimed.has(name))
      volume.at(sources[1] ?? '').refuse(`left out: it is ${sources[0]} already`);
  }
  return names;
}

/** What must be named, and modes: 644 without a 0 before it is no octal number. */
function refuseBadSource(volume: Field): void {
  for (const [source, name] of [
    ['secret', 'secretName'],
    ['configMap', 'name'],
    ['persistentVolumeClaim', 'claimName'],
  ] as const) {
    const field = volume.at(source).at(name);
    if (volume.at(source).isThere && (field.text() ?? '') === '') field.refuse('the name of what it mounts');
  }
  for (const source of ['secret', 'configMap', 'projected', 'downwardAPI']) {
    const mode = volume.at(source).at('defaultMode');
    const number = mode.integer() ?? 0;
    if (number < 0 || number > 0o777) mode.refuse('from 0 to 0777, in octal: 0644 or 420, not 644');
  }
}

const PROBES = ['livenessProbe', 'readinessProbe', 'startupProbe'];

function refuseBadContainer(container: Field, pod: Surroundings, lasts: boolean): void {
  const { volumes, names } = pod;
  const name = container.at('name').text() ?? '';
  refuseBadName(container.at('name'), 'label');
  if (names.has(name)) container.at('name').refuse('a name of its own: another container has it');
  names.add(name);
  const image = container.at('image');
  if (!/^\S(.*\S)?$/s.test(image.text() ?? '')) image.refuse('the image of the container, without blanks around it');
  container.at('imagePullPolicy').optional(['Always', 'IfNotPresent', 'Never']);
  container.at('terminationMessagePolicy').optional(['File', 'FallbackToLogsOnError']);
  container.at('restartPolicy').oneOf(['Always', 'Never', 'OnFailure']);
  refuseBadPorts(container.at('ports'), pod);
  for (const variable of container.at('env').list()) refuseBadVariable(variable);
  for (const source of container.at('envFrom').list()) refuseUnlessOne(source, ['configMapRef', 'secretRef']);
  refuseBadMounts(container.at('volumeMounts'), volumes);
  for (const hook of ['postStart', 'preStop']) {
    const exec = container.at('lifecycle').at(hook).at('exec');
    if (exec.isThere && exec.at('command').list().length === 0) exec.at('command').refuse(COMMAND);
  }
  if (lasts) for (const probe of PROBES) refuseBadProbe(container.at(probe), probe !== 'readinessProbe');
  else for (const probe of [...PROBES, 'lifecycle']) refuseThere(container.at(probe), 'a container that ends');
}

function refuseBadPorts(ports: Field, { hostPorts, isOnHost }: Surroundings): void {
  const names = new Set<string>();
  for (const port of ports.list()) {
    const name = port.at('name').text() ?? '';
    refuseBadName(port.at('name'), 'portName', false);
    if (name !== '' && names.has(name)) port.at('name').refuse('a name that no other port has');
    names.add(name);
    refuseBadPort(port.at('containerPort'), true);
    port.at('protocol').optional(['TCP', 'UDP', 'SCTP']);
    const host = port.at('hostPort');
    const own = host.value || undefined;
    if (own !== undefined) refuseBadPort(host, false);
    const ofContainer = port.at('containerPort').value;
    if (isOnHost && own !== undefined && own !== ofContainer)
      host.refuse(`${String(ofContainer)}, the containerPort, because hostNetwork is true`);
    const taken = own ?? (isOnHost ? ofContainer : undefined);
    if (taken === undefined) continue;
    const place = [port.at('protocol').value || 'TCP', port.at('hostIP').value, taken].join('/');
    if (hostPorts.has(place)) host.refuse('a port of the host that no other port takes');
    hostPorts.add(place);
  }
}

function refuseBadPort(port: Field, isRequired: boolean): void {
  const number = port.integer();
  if (number === undefined ? isRequired && !port.isThere : number < 1 || number > 65_535)
    port.refuse('from 1 to 65535');
}

function refuseBadVariable(variable: Field): void {
  const name = variable.at('name');
  if (!/^[ -<>-~]+$/.test(name.text() ?? '')) name.refuse('a name of ASCII characters without =');
  const from = variable.at('valueFrom');
  if (!from.isThere) return;
  if ((variable.at('value').text() ?? '') !== '') from.refuse('left out, because there is a value');
  else refuseUnlessOne(from, ['fieldRef', 'resourceFieldRef', 'configMapKeyRef', 'secretKeyRef', 'fileKeyRef']);
  for (const source of ['configMapKeyRef', 'secretKeyRef']) {
    if (!from.at(source).isThere) continue;
    refuseBadName(from.at(source).at('name'), 'subdomain');
    const key = from.at(source).at('key');
    if ((key.text() ?? '') === '') key.refuse('the key to read');
  }
}

/** Exactly one of these fields. */
function refuseUnlessOne(field: Field, names: readonly string[]): void {
  const there = names.filter((name) => field.at(name).isThere);
  if (there.length === 0) field.refuse(`a map with one of ${names.join(', ')}`);
  if (there.length > 1) field.at(there[1] ?? '').refuse(`left out: ${there[0]} is there already`);
}

function refuseBadMounts(mounts: Field, volumes: ReadonlySet<string>): void {
  const paths = new Set<string>();
  for (const mount of mounts.list()) {
    const [name, path] = [mount.at('name').text() ?? '', mount.at('mountPath').text() ?? ''];
    if (!volumes.has(name)) mount.at('name').refuse('the name of one of the volumes of the pod');
    if (path === '') mount.at('mountPath').refuse('a path');
    if (paths.has(path)) mount.at('mountPath').refuse('a path that no other mount of the container has');
    paths.add(path);
  }
}

const COMMAND = 'a command, as a list of its words';
const NUMBERS = ['initialDelaySeconds', 'timeoutSeconds', 'periodSeconds', 'successThreshold', 'failureThreshold'];

/** @param isOnce one success is enough, and no other number may be written. */
function refuseBadProbe(probe: Field, isOnce: boolean): void {
  if (!probe.isThere) return;
  refuseUnlessOne(probe, ['httpGet', 'tcpSocket', 'exec', 'grpc']);
  for (const name of NUMBERS) if ((probe.at(name).integer() ?? 0) < 0) probe.at(name).refuse('at least 0');
  const grace = probe.at('terminationGracePeriodSeconds');
  if (grace.isThere && !isOnce) grace.refuse('left out: nothing ends when a pod is not ready');
  if ((grace.integer(64) ?? 1) < 1) grace.refuse('at least 1');
  if (isOnce && (probe.at('successThreshold').integer() || 1) !== 1) probe.at('successThreshold').refuse('1');
  const http = probe.at('httpGet');
  http.at('scheme').optional(['HTTP', 'HTTPS']);
  for (const handler of [http, probe.at('tcpSocket')]) {
    const port = handler.at('port');
    if (!handler.isThere) continue;
    if (typeof port.value === 'string') refuseBadName(port, 'portName');
    else refuseBadPort(port, true);
  }
  refuseBadPort(probe.at('grpc').at('port'), probe.at('grpc').isThere);
  const command = probe.at('exec').at('command');
  if (probe.at('exec').isThere && command.list().length === 0) command.refuse(COMMAND);
}
