#!/usr/bin/env bash
# In a cluster made by kind: the chart and its test, the scaling demo against its forecast, a rollout under traffic. Usage: kind.sh CLUSTER
# It needs docker, kind, kubectl, helm and jq. Not yet run on kind itself; docs/bench/kubernetes.md has what it said on a real node of Kubernetes 1.36.3.
set -euo pipefail
cd "$(dirname "$0")/../.."
cluster=$1
namespace=skyops
image=skyops:0.1.0
metrics_server=v0.8.1

say() { printf '\n· %s\n' "$*"; }
fail() { echo "FAILED: $*" >&2; exit 1; }
in_namespace() { kubectl --namespace "$namespace" "$@"; }

say 'the image, into the cluster'
docker build --tag "$image" --build-arg "COMMIT=$(git rev-parse HEAD)" .
kind load docker-image "$image" --name "$cluster"

say 'a metrics server that trusts the certificates of kind'
kubectl apply --filename "https://github.com/kubernetes-sigs/metrics-server/releases/download/$metrics_server/components.yaml"
kubectl --namespace kube-system patch deployment metrics-server --type json \
  --patch '[{"op":"add","path":"/spec/template/spec/containers/0/args/-","value":"--kubelet-insecure-tls"}]'
kubectl --namespace kube-system rollout status deployment/metrics-server --timeout 180s

say 'a namespace that admits restricted pods alone, and the chart'
kubectl create namespace "$namespace"
kubectl label namespace "$namespace" pod-security.kubernetes.io/enforce=restricted
helm install skyops charts/skyops --namespace "$namespace" --wait --timeout 180s \
  --set autoscaling.behavior.scaleDown.stabilizationWindowSeconds=60 \
  --set autoscaling.behavior.scaleDown.policies[0].type=Percent,autoscaling.behavior.scaleDown.policies[0].value=100,autoscaling.behavior.scaleDown.policies[0].periodSeconds=15
helm test skyops --namespace "$namespace" --timeout 120s

say 'the forecast'
make install
# What a kind node can give bounds the demo: 540m over at most five replicas of 200m.
forecast=$(helm template skyops charts/skyops --namespace "$namespace" | ./skyops hpa --file - --load 540m --json)
expected=$(jq .settled_replicas <<<"$forecast")
echo "$expected replicas"

# SkyOps' own command, in a pod as restricted as the others; prints its report.
load() { # NAME WORDS…
  local name=$1
  shift
  in_namespace run "$name" --image "$image" --restart Never --overrides '{"spec":{"automountServiceAccountToken":false,"securityContext":{"runAsNonRoot":true,"runAsUser":65532,"seccompProfile":{"type":"RuntimeDefault"}},"containers":[{"name":"'"$name"'","image":"'"$image"'","args":["load","--url","http://skyops","--json"'"$(printf ',"%s"' "$@")"'],"resources":{"requests":{"cpu":"50m","memory":"128Mi"},"limits":{"cpu":"500m","memory":"128Mi"}},"securityContext":{"allowPrivilegeEscalation":false,"readOnlyRootFilesystem":true,"capabilities":{"drop":["ALL"]}}}]}}'
}
# Prints the report of a load, or what became of it.
finished() { # NAME TIMEOUT
  in_namespace wait "pod/$1" --for jsonpath='{.status.phase}'=Succeeded --timeout "$2" >/dev/null || {
    in_namespace describe pod "$1" >&2
    in_namespace logs "$1" >&2
    return 1
  }
  in_namespace logs "$1"
}
replicas() { in_namespace get deployment skyops --output jsonpath='{.status.readyReplicas}'; }
# Waits until the Deployment has that many ready replicas.
reaches() { # COUNT SECONDS
  for _ in $(seq "$2"); do
    [ "$(replicas)" = "$1" ] && return
    sleep 1
  done
  in_namespace describe hpa skyops
  fail "$(replicas) replicas, $1 were forecast"
}

say 'the load, and what comes of it'
# The autoscaler brings the second one, at its first look.
reaches 2 60
load demand --cpu 540m --for 6m
reaches "$expected" 240
# And it stays there.
sleep 60
[ "$(replicas)" = "$expected" ] || fail "it did not rest at $expected"
report=$(finished demand 400s)
echo "$report"
jq --exit-status '.accuracy > 0.95 and .accuracy < 1.05 and .pieces.failed == 0' <<<"$report" >/dev/null || fail 'the load was not what was asked'

say 'and back'
reaches 2 300

say 'a rollout under traffic'
load traffic --cpu 200m --for 90s --piece 1s
sleep 10
in_namespace rollout restart deployment/skyops
in_namespace rollout status deployment/skyops --timeout 180s
report=$(finished traffic 200s)
echo "$report"
jq --exit-status '.pieces.failed == 0' <<<"$report" >/dev/null || fail 'requests were lost in the rollout'

say 'all of it as it should be'
