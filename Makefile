# Two commands do everything on a machine with Node 20 or newer and npm: `make run` and `make test`.
# The runtime that SkyOps is made for comes from npm, into node_modules, and comes first in PATH here.

SHELL := /bin/bash
.SHELLFLAGS := --norc -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: test-clients help image image-test manifests-test test-soak test-image test-delivery sbom audit test-monitoring fire-drill bench-http soak test-reliability bench-load bench-start bundle install run check format test test-unit test-contract test-process test-browser test-manifests reference bench clean

export PATH := $(CURDIR)/node_modules/.bin:$(PATH)

# On a workstation: only this machine can reach it, and Ctrl-C need not wait for load balancers.
SKYOPS_HOST ?= 127.0.0.1
SKYOPS_PORT ?= 8001
SKYOPS_DRAIN_DELAY_SECONDS ?= 0

# Random order finds tests that lean on each other; the seed is printed, SEED=… repeats it.
SEED ?=
NODE_TEST = node --test --test-randomize $(if $(SEED),--test-random-seed=$(SEED)) --test-timeout=120000

help: ## What can be made
	@echo 'SkyOps: the exemplary operations microservice for Kubernetes.'
	@echo
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1|\2/' | column -t -s '|'

# The stamp is newer than the lockfile exactly when what is installed is what the lockfile says.
node_modules/.installed: package.json package-lock.json .npmrc
	@echo 'Installing what the lockfile names (once, about half a minute) …'
	@npm ci --no-progress --loglevel=error
	@npm rebuild node --ignore-scripts=false --no-progress --loglevel=error >/dev/null
	@node --version | grep -q '^v26' || { echo 'The Node 26 of node_modules is missing: its install script, which fetches it, has failed. Delete node_modules and try again.' >&2; exit 1; }
	@touch $@

# kubectl and the Kubernetes types: large, and of use to the manifest tests alone.
tools/kubernetes/node_modules/.installed: tools/kubernetes/package.json tools/kubernetes/package-lock.json
	@echo 'Installing kubectl and the Kubernetes types (once) …'
	@cd tools/kubernetes && npm ci --no-progress --loglevel=error
	@touch $@

# The checker of regular expressions, for one test.
tools/expressions/node_modules/.installed: tools/expressions/package.json tools/expressions/package-lock.json tools/expressions/.npmrc
	@cd tools/expressions && npm ci --no-progress --loglevel=error
	@touch $@

# Generators of clients and a fuzzer of APIs, of npm and of PyPI, for one group of tests.
tools/clients/node_modules/.installed: tools/clients/package.json tools/clients/package-lock.json tools/clients/.npmrc
	@echo 'Installing a generator of TypeScript clients (once) …'
	@cd tools/clients && npm ci --no-progress --loglevel=error
	@touch $@

.cache/python/.installed: tools/clients/requirements.txt
	@echo 'Installing a generator of Python clients and schemathesis (once) …'
	@python3 -m venv --clear .cache/python
	@.cache/python/bin/pip install --quiet --disable-pip-version-check --requirement tools/clients/requirements.txt
	@touch $@

install: node_modules/.installed ## Install the dependencies from the lockfile

run: node_modules/.installed ## Start SkyOps on http://localhost:8001 (Ctrl-C stops it)
	@echo "SkyOps starts on http://localhost:$(SKYOPS_PORT)"
	@echo "  API in the browser   http://localhost:$(SKYOPS_PORT)/docs"
	@echo "  what it uses now     curl localhost:$(SKYOPS_PORT)/status"
	@echo "  burn two cores       curl -X POST localhost:$(SKYOPS_PORT)/simulate-cpu -H 'content-type: application/json' -d '{\"seconds\": 10, \"parallelism\": 2}'"
	@NODE_COMPILE_CACHE=.cache/compile SKYOPS_HOST=$(SKYOPS_HOST) SKYOPS_PORT=$(SKYOPS_PORT) SKYOPS_DRAIN_DELAY_SECONDS=$(SKYOPS_DRAIN_DELAY_SECONDS) exec node src/main.ts

check: node_modules/.installed ## Everything static: format, lint, arrows, types, dead code, generated files
	@echo '· format, lint and room arrows (Biome)';  biome ci --colors=off .
	@echo '· types (TypeScript)';                     tsc -p . && tsc -p src/http/pages
	@echo '· nothing unused (knip)';                  knip --no-progress
	@echo '· the reference is as generated';          node tools/reference.ts --check

format: node_modules/.installed ## Write the format that check asks for
	@biome check --write .

reference: node_modules/.installed ## Generate docs/reference from the code
	@node tools/reference.ts

test: check test-all ## Install, then check, then every test

.PHONY: test-all
test-all: node_modules/.installed tools/kubernetes/node_modules/.installed tools/expressions/node_modules/.installed
	@$(NODE_TEST) 'src/**/*.test.ts' 'test/{browser,contract,delivery,extension,kubernetes,manifests,process}/*.test.ts' test/monitoring/rules.test.ts test/monitoring/dashboard.test.ts

test-unit: node_modules/.installed ## Tests of single rooms, beside their sources
	@$(NODE_TEST) 'src/**/*.test.ts'

test-contract: node_modules/.installed ## What users rely on: bodies, statuses, OpenAPI, metrics, settings, arrows
	@$(NODE_TEST) 'test/contract/*.test.ts'

test-process: node_modules/.installed ## A real process: signals, load, Prometheus
	@$(NODE_TEST) 'test/process/*.test.ts'

test-browser: node_modules/.installed ## The documentation pages in Chromium
	@$(NODE_TEST) 'test/browser/*.test.ts'

test-manifests: node_modules/.installed tools/kubernetes/node_modules/.installed ## k8s/ rendered by kubectl and checked against the Kubernetes types
	@$(NODE_TEST) 'test/manifests/*.test.ts'

test-clients: node_modules/.installed tools/clients/node_modules/.installed .cache/python/.installed ## Clients that are generated from the OpenAPI document, and schemathesis: about a minute, needs python3 with venv
	@$(NODE_TEST) 'test/clients/*.test.ts'

test-monitoring: node_modules/.installed ## The alert rules and the dashboard, by promtool and a real Prometheus
	@$(NODE_TEST) test/monitoring/rules.test.ts test/monitoring/dashboard.test.ts

test-image: node_modules/.installed tools/kubernetes/node_modules/.installed ## The image, really built and run: about 2 minutes, needs root, buildah, podman, runc and mmdebstrap
	@node --test --test-timeout=600000 test/image/image.test.ts

ifdef STAND_IN
image: node_modules/.installed
endif
image: ## Build the image skyops:dev: needs docker, podman or buildah, and a registry with the base; STAND_IN=1 makes the base from Debian's and npm's packages, and localhost/skyops:test in .cache/image (ARCH=arm64 in .cache/image-arm64)
ifdef STAND_IN
	@test/image/support/stand-in.sh . .cache/image $(ARCH)
else
	@builder=$$(command -v docker || command -v podman || command -v buildah) || { echo 'Docker, Podman or Buildah is needed.' >&2; exit 1; }; \
	  "$$builder" build -t skyops:dev --build-arg COMMIT=$$(git rev-parse HEAD 2>/dev/null) --build-arg CREATED=$$(git log -1 --format=%cI 2>/dev/null) .
endif

# The other word order, for those who look for it.
image-test: test-image
manifests-test: test-manifests

fire-drill: node_modules/.installed ## Provoke every alert and see it arrive and clear: about 3 minutes, needs root, prometheus and prometheus-alertmanager
	@node --test --test-timeout=600000 test/monitoring/fire-drill.test.ts

# One after the other: each of them loads the machine as it will.
test-reliability: node_modules/.installed ## Rolling restarts, hostile clients, faults, overload, skyops load: about 10 minutes, needs haproxy, nginx and wrk
	@node --test --test-concurrency=1 --test-timeout=1800000 'test/reliability/*.test.ts'

test-soak: node_modules/.installed ## Five minutes of everything leave nothing behind
	@SOAK_MINUTES=5 node --test --test-timeout=1800000 test/soak/soak.test.ts

MINUTES ?= 60
soak: node_modules/.installed ## Load for MINUTES=60, then a million requests through rolling restarts behind each balancer
	@SOAK_MINUTES=$(MINUTES) node --test --test-timeout=86400000 test/soak/soak.test.ts
	@REQUESTS=1000000 RESTARTS=100 node --test --test-timeout=86400000 test/reliability/rolling-restarts.test.ts

bench: node_modules/.installed ## Measure: probes under load, about a minute
	@node bench/probes-under-load.ts

bench-load: node_modules/.installed ## Measure: how exact the load is, against two rivals, and what else is promised, about 28 minutes
	@node bench/load-accuracy.ts
	@node bench/load-promises.ts

bench-http: export ABLATE := $(ABLATE)
bench-http: node_modules/.installed ## Measure: what a request costs beside bare node:http, Fastify and FastAPI, about 4 minutes, needs wrk; ABLATE=1: what each speed trick gains
	@node bench/http-cost.ts

bench-start: node_modules/.installed ## Measure: what a start costs beside bare node:http and FastAPI, about 2 minutes
	@node bench/cold-start.ts

bundle: node_modules/.installed ## Make dist/, the form that the container runs
	@node tools/bundle.ts dist

sbom: bundle ## List what ships, as CycloneDX: dist/sbom.cdx.json
	@node tools/sbom.ts dist

audit: node_modules/.installed ## Ask the registry for known holes in what ships, and for its signatures; needs a registry that answers both
	@npm audit --omit=dev
	@npm audit signatures

test-delivery: node_modules/.installed tools/kubernetes/node_modules/.installed tools/expressions/node_modules/.installed ## Pipelines, Dockerfile, supply chain, expressions, manifests and chart
	@$(NODE_TEST) 'test/{delivery,manifests}/*.test.ts'

clean: ## Remove what was installed
	rm -rf node_modules .cache dist
