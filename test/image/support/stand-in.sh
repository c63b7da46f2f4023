#!/usr/bin/env bash
# Makes a stand-in for the base image of the Dockerfile, where no registry of images can be reached: Debian from its packages, Node
# and npm from npm's. Then builds the Dockerfile as it is. Usage: stand-in.sh PROJECT FOLDER [ARCH]; root, Debian, buildah and mmdebstrap.
# ARCH is amd64 or arm64, this machine's without it; another one runs in an emulation, where the kernel has been told of it (qemu-user-static).
set -euo pipefail
project=$(realpath "$1")
own=$(dpkg --print-architecture)
arch=${3:-$own}
folder=$(realpath -m "$2")
[ "$arch" = "$own" ] || folder+=-$arch
mkdir -p "$folder/node/bin" "$folder/node/lib/node_modules"
cd "$folder"
base=$(sed -n 's/^ARG NODE_IMAGE=//p' "$project/Dockerfile")
storage=(--storage-driver overlay --root "$folder/storage" --runroot "$folder/run")
build=(buildah bud "${storage[@]}" --platform "linux/$arch" --isolation chroot --network host --pull-never --format docker)

if ! buildah "${storage[@]}" inspect "$base" >/dev/null 2>&1; then
  echo 'Making the stand-in for the base image (once, about a minute) …' >&2
  [ -f bookworm.tar ] || mmdebstrap -q --arch="$arch" --variant=minbase --include=ca-certificates,libstdc++6,libatomic1 bookworm bookworm.tar /etc/apt/sources.list.d/debian.sources
  version=$(sed -n 's/.*"node": "\([0-9.]*\)".*/\1/p' "$project/package.json")
  tar --extract --gzip --file "$(npm pack --silent "node-linux-${arch/amd64/x64}@$version")" --strip-components=1 --directory node package/bin/node package/LICENSE
  # The npm of this machine; npm is no package of npm's `node`.
  npm=$(PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin npm root -g)/npm
  cp -rL "$npm" node/lib/node_modules/npm
  ln -sf ../lib/node_modules/npm/bin/npm-cli.js node/bin/npm
  cp /etc/ssl/certs/ca-certificates.crt ca.crt
  # How this machine reaches its registry is not in the image, but in npm's own configuration.
  npm config get registry | sed 's/^/registry=/' > npmrc
  echo cafile=/etc/ssl/certs/ca-certificates.crt >> npmrc
  cat > Containerfile <<'END'
FROM scratch
ADD bookworm.tar /
COPY ca.crt /etc/ssl/certs/ca-certificates.crt
COPY node/ /usr/local/
COPY npmrc /usr/local/etc/npmrc
ENV NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt
CMD ["node"]
END
  "${build[@]}" -t "$base" . >/dev/null
fi
commit=$(git -C "$project" rev-parse HEAD 2>/dev/null || true)
created=$(git -C "$project" log -1 --format=%cI 2>/dev/null || true)
"${build[@]}" --build-arg "COMMIT=$commit" --build-arg "CREATED=$created" -t localhost/skyops:test -f "$project/Dockerfile" "$project"
