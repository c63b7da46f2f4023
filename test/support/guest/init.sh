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
# A fraction, on two CPUs: Node would count one.
echo '150000 100000' > /sys/fs/cgroup/pod/cpu.max
(
  # By its path: this shell would take busybox's own unshare, which knows no cgroup namespaces.
  # Its shell goes into the group first, and into a namespace in which that group is the root, as in Kubernetes.
  sh -c 'echo $$ > /sys/fs/cgroup/pod/cgroup.procs; exec /usr/local/bin/unshare -C -m sh -c "
    umount /sys/fs/cgroup; mount -t cgroup2 cgroup2 /sys/fs/cgroup; cd /app
    SKYOPS_DRAIN_DELAY_SECONDS=0 exec node src/main.js"' > /tmp/log 2>&1
) &
node /client.mjs || cat /tmp/log
# Files of limits that are there and say nothing: what asks them must close.
mkdir /sys/fs/cgroup/broken
echo 402653184 > /sys/fs/cgroup/broken/memory.max
for kind in 'cpu --cpu 100m' 'memory --memory 8Mi'; do
  echo "BROKEN $(sh -c 'echo $$ > /sys/fs/cgroup/broken/cgroup.procs; exec /usr/local/bin/unshare -C -m sh -c "
    umount /sys/fs/cgroup; mount -t cgroup2 cgroup2 /sys/fs/cgroup
    for file in cpu.max memory.current; do mount -o bind /dev/null /sys/fs/cgroup/\$file; done
    cd /app; node src/main.js simulate $0 --for 1s; echo exit \$?"' "$kind" 2>&1 | tr '\n' ' ')"
done
poweroff -f
