import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { hasWritableRoot, unusual } from './confinement.ts';

const CONFINED = { isContainer: true, isRoot: false, hasWritableRoot: false, memoryLimitBytes: 2 ** 28 };

describe('the confinement of a container', () => {
  it('is worth a word where it is missing, each part by itself', () => {
    assert.deepEqual(unusual(CONFINED), []);
    assert.match(unusual({ ...CONFINED, isRoot: true }).join(), /runAsUser: 65532/);
    assert.match(unusual({ ...CONFINED, hasWritableRoot: true }).join(), /readOnlyRootFilesystem: true/);
    assert.match(unusual({ ...CONFINED, memoryLimitBytes: null }).join(), /resources.limits.memory/);
    assert.equal(unusual({ isContainer: true, isRoot: true, hasWritableRoot: true, memoryLimitBytes: null }).length, 3);
  });

  it('is nobody’s business on a workstation', () => {
    const open = { isContainer: false, isRoot: true, hasWritableRoot: true, memoryLimitBytes: null };
    assert.deepEqual(unusual(open), []);
  });

  it('reads from the mounts whether the root can be written to', () => {
    const mounted = (root: string) => `${root}\nproc /proc proc rw,nosuid 0 0\ntmpfs /tmp tmpfs rw 0 0\n`;
    assert.equal(
      hasWritableRoot(() => mounted('overlay / overlay ro,relatime,lowerdir=/a 0 0')),
      false,
    );
    assert.equal(
      hasWritableRoot(() => mounted('overlay / overlay rw,relatime,lowerdir=/ro 0 0')),
      true,
    );
    assert.equal(
      hasWritableRoot(() => mounted('rootfs / rootfs rw 0 0\noverlay / overlay ro,relatime 0 0')),
      false,
    );
    assert.equal(
      hasWritableRoot(() => {
        throw new Error('no /proc');
      }),
      false,
    );
  });
});
