/** What is OpenShift's own: ids that are the namespace's, whether the chart finds that out, and its Route. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { helmSays } from '#test/support/kubernetes-tools.ts';
import { byKind, CHART, chart, containerOf, type Manifest, manifestsOf, OPENSHIFT } from './support/renderings.ts';

const OPENSHIFT_API = ['--api-versions', 'security.openshift.io/v1'];
const rendered = (...args: readonly string[]) =>
  manifestsOf(helmSays(4, 'template', 'skyops', CHART, '--namespace', 'demo', ...args));
const podOf = (manifests: readonly Manifest[]) => byKind(manifests, 'Deployment')?.spec.template.spec;

describe('the chart on OpenShift', () => {
  it('finds out by itself that a cluster is one, in every pod of it', () => {
    const manifests = rendered(...OPENSHIFT_API);
    const kept = { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } };
    assert.deepEqual(podOf(manifests).securityContext, kept);
    assert.deepEqual(byKind(manifests, 'Pod')?.spec.securityContext, kept);
    assert.equal(podOf(rendered()).securityContext.runAsUser, 65_532);
  });

  it('does as it is told, in the words of YAML and of --set', () => {
    for (const set of ['--set', '--set-string']) {
      const off = rendered(...OPENSHIFT_API, set, 'openshift.enabled=false');
      assert.equal(podOf(off).securityContext.runAsUser, 65_532, set);
      assert.equal(podOf(rendered(set, 'openshift.enabled=true')).securityContext.runAsUser, undefined, set);
    }
    assert.throws(() => rendered('--set', 'openshift.enabled=yes'), /openshift.*enabled/s);
  });

  it('keeps what else is set, and leaves out the ids of the container too', () => {
    const manifests = chart(4, {
      openshift: { enabled: true },
      podSecurityContext: { fsGroup: 1, supplementalGroups: [2], fsGroupChangePolicy: 'OnRootMismatch' },
      securityContext: { runAsUser: 3, runAsGroup: 4, privileged: false },
    });
    assert.equal(podOf(manifests).securityContext.fsGroupChangePolicy, 'OnRootMismatch');
    assert.deepEqual(containerOf(manifests).securityContext, {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
      privileged: false,
    });
    assert.equal(podOf(manifests).securityContext.fsGroup, undefined);
  });

  it('leaves single ids out with null as well, without a word about OpenShift', () => {
    const args = ['podSecurityContext.runAsUser=null', 'podSecurityContext.runAsGroup=null'];
    assert.deepEqual(podOf(rendered('--set', args.join())).securityContext, {
      runAsNonRoot: true,
      seccompProfile: { type: 'RuntimeDefault' },
    });
  });

  it('has a Route where one is asked for, at the host that is named or at one that the router chooses', () => {
    assert.equal(byKind(chart(4, OPENSHIFT), 'Route')?.spec.host, 'skyops.apps.example');
    const chosen = byKind(chart(4, { openshift: { route: { enabled: true } } }), 'Route');
    assert.equal(chosen?.spec.host, undefined);
    assert.equal(byKind(chart(4, { openshift: { enabled: true } }), 'Route'), undefined);
    assert.throws(() => chart(4, { openshift: { route: { host: 'Not a host' } } }), /host/);
  });

  it('says after the installation what its namespace admits', () => {
    const notes = helmSays(4, 'install', 'skyops', CHART, '--dry-run=client', '--set', 'openshift.enabled=true');
    assert.doesNotMatch(notes.split('NOTES:')[1] ?? assert.fail(), /runAsUser/);
  });
});
