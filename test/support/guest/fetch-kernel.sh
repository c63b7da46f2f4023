#!/bin/sh
# Fetches a small Linux kernel for the virtual machine of the cgroup v2 test, from the machine's own package source. Needs no root.
set -eu
folder=$(cd "$(dirname "$0")/../../.." && pwd)/.cache/kernel
[ -f "$folder/vmlinuz" ] && exit 0
[ "$(uname -m)" = x86_64 ] || { echo 'the virtual machine is made for x86-64' >&2; exit 1; }
# Debian's kernel for clouds, or Ubuntu's for virtual machines; what is named depends on the one with the files.
for name in linux-image-cloud-amd64 linux-image-virtual; do
  package=$(apt-cache depends "$name" 2>/dev/null | sed -n 's/^ *Depends: \(linux-image-.*\)/\1/p' | head -n 1)
  [ -n "$package" ] && break
done
[ -n "$package" ] || { echo 'no package with a kernel is known; run apt-get update first' >&2; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
(cd "$work" && apt-get download -qq "$package" && dpkg-deb -x ./*.deb .)
mkdir -p "$folder"
cp "$work"/boot/vmlinuz-* "$folder/vmlinuz"
