# The image holds the runtime with the libraries that it links, and the program as one bundle: no shell, no package manager,
# nobody but its user. Certificates and time zones are in the runtime itself.
# The Node of package.json. `docker buildx imagetools inspect` tells the digest to put behind it, where a registry answers.
ARG NODE_IMAGE=docker.io/library/node:26.10.0-bookworm-slim

FROM ${NODE_IMAGE} AS program
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY LICENSE ./
COPY tools/bundle.ts tools/cached-service.ts tools/fill-code-cache.ts tools/
COPY src src
RUN node tools/bundle.ts /app
# One start keeps what V8 has compiled for it; V8 takes it where its version and its flags are the same. Then the runtime and every
# shared library that it links, each at its own path, in a tree of its own.
WORKDIR /app
RUN node src/fill-code-cache.js && rm src/fill-code-cache.js \
 && mkdir -p /image/tmp /image/etc \
 && cp --parents "$(command -v node)" /image \
 && ldd "$(command -v node)" | grep -oE '/[^ ]+' | sort -u | xargs -I{} cp --parents -L {} /image \
 && for library in libc6 libgcc-s1 libstdc++6 libatomic1; do \
      if [ -f "/usr/share/doc/$library/copyright" ]; then cp --parents "/usr/share/doc/$library/copyright" /image; fi; done \
 && cp -r --parents /app /image \
 && chmod -R a=rX /image/app \
 && chown -R 0:0 /image/app \
 && echo 'skyops:x:65532:65532::/app:/none' > /image/etc/passwd \
 && echo 'hosts: files dns' > /image/etc/nsswitch.conf \
 && chmod 1777 /image/tmp

FROM scratch
ARG VERSION=0.1.0
ARG COMMIT=
ARG CREATED=
LABEL org.opencontainers.image.title="SkyOps" \
      org.opencontainers.image.description="The exemplary operations microservice for Kubernetes" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${COMMIT}" \
      org.opencontainers.image.created="${CREATED}"
COPY --from=program /image /
# One arena: what the threads allocate outside of V8 is little, and an arena for each keeps 5 MB resident. What is large is mapped by itself,
# so that it goes back when it is freed: the start leaves holes of 2 MB otherwise (both measured).
ENV SKYOPS_COMMIT=${COMMIT} NODE_ENV=production MALLOC_ARENA_MAX=1 MALLOC_MMAP_THRESHOLD_=65536 MALLOC_TRIM_THRESHOLD_=65536
WORKDIR /app
USER 65532:65532
EXPOSE 8001
# For Docker and Podman; Kubernetes has probes of its own.
HEALTHCHECK --interval=10s --timeout=5s --start-period=5s --retries=3 \
  CMD ["/usr/local/bin/node", "src/main.js", "check", "--timeout", "3s"]
# What it may do, and no more: the network, threads, its own files, what the kernel says of it, certificates of a collector. The inspector is for the watchdog, which
# asks where a main thread stands that does not turn. It is a seat belt, no sandbox: Node says so itself, in warnings that are turned off.
ENTRYPOINT ["/usr/local/bin/node", "--disable-sigusr1", "--disable-proto=delete", "--no-addons", \
  "--permission", "--allow-net", "--allow-worker", "--allow-inspector", \
  "--allow-fs-read=/app", "--allow-fs-read=/proc", "--allow-fs-read=/sys/fs/cgroup", \
  "--allow-fs-read=/sys/devices/system/cpu", "--allow-fs-read=/etc/ssl", \
  "--disable-warning=PERM0004", "--disable-warning=PERM0006", "--disable-warning=ExperimentalWarning", "src/main.js"]
