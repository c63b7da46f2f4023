/** Who this replica is: what Kubernetes tells a container about its pod through the downward API. */
import { type SettingValues, textSetting } from '#foundation/setting.ts';

/** Names and addresses in Kubernetes are DNS labels, subdomains or IP addresses, all within 253 characters. */
const KUBERNETES_NAME = /^[A-Za-z0-9]([A-Za-z0-9.:_-]{0,251}[A-Za-z0-9])?$/;

function identity(variable: string, meaning: string) {
  return textSetting<string | null>({
    variable,
    meaning,
    expected: 'a name or an address as Kubernetes writes it',
    accepts: (text) => KUBERNETES_NAME.test(text),
    fallback: null,
  });
}

export const identitySettings = {
  podName: identity('SKYOPS_POD_NAME', 'Name of the pod (metadata.name).'),
  podNamespace: identity('SKYOPS_POD_NAMESPACE', 'Namespace of the pod (metadata.namespace).'),
  podIp: identity('SKYOPS_POD_IP', 'Address of the pod (status.podIP).'),
  nodeName: identity('SKYOPS_NODE_NAME', 'Name of the node (spec.nodeName).'),
};

export type Identity = SettingValues<typeof identitySettings>;
