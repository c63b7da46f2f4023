#!/bin/busybox sh
# The first process of the virtual machine: SkyOps in a cgroup v2 of its own, as a pod has it, and a client beside it.
/bin/busybox --install -s /bin
export PATH=/usr/local/bin:/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mount -t tmpfs tmp /tmp
mount -t cgroup2 cgroup2 /sys/fs/cgroup
ip link set lo up
echo '+cpu +memory +pids' > /sys/fs/cgroup/cgroup.subtree_control
mkdir /sys/fs/cgroup/pod
echo 402653184 > /sys/fs/cgroup/pod/memory.max
(
  # By its path: this shell would take busybox's own unshare, which knows no cgroup namespaces.
  # Its shell goes into the group first, and into a namespace in which that group is the root, as in Kubernetes.
  sh -c 'echo $$ > /sys/fs/cgroup/pod/cgroup.procs; exec /usr/local/bin/unshare -C -m sh -c "
    umount /sys/fs/cgroup; mount -t cgroup2 cgroup2 /sys/fs/cgroup; cd /app
    SKYOPS_DRAIN_DELAY_SECONDS=0 exec node src/main.js"' > /tmp/log 2>&1
) &
node /client.mjs || cat /tmp/log
poweroff -f
