{{- define "skyops.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- /* A release may have dots in its name, a Service may not. */}}
{{- define "skyops.fullname" -}}
{{- $name := include "skyops.name" . }}
{{- $given := default (ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name)) .Values.fullnameOverride }}
{{- $given | replace "." "-" | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "skyops.selectorLabels" -}}
app.kubernetes.io/name: {{ include "skyops.name" . | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end }}

{{- define "skyops.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{ include "skyops.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/component: service
app.kubernetes.io/part-of: skyops
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- /* metadata of every object: the namespace too, so that `helm template | kubectl apply` puts all of it into one. */}}
{{- define "skyops.metadata" -}}
name: {{ include "skyops.fullname" . | quote }}
namespace: {{ .Release.Namespace | quote }}
labels:
  {{- include "skyops.labels" . | nindent 2 }}
{{- with .Values.commonAnnotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- /*
The number of replicas that the manifest names, or nothing where the autoscaler has it. What the last release named and this one does not, Helm
takes away, and Kubernetes makes one replica of that. So the first release with an autoscaler names as many as there are, at least the minimum.
It ends when it is safe: where the last release named none either, which the annotation says, or, under server-side apply, where the
autoscaler has changed the number since, so that nobody's manifest owns it any more. Without a cluster (`helm template`) nothing is known, and none named.
*/}}
{{- define "skyops.replicas" -}}
{{- if not (or .Values.autoscaling.enabled .Values.keda.enabled) }}
{{- .Values.replicaCount }}
{{- else }}
{{- $live := lookup "apps/v1" "Deployment" .Release.Namespace (include "skyops.fullname" .) }}
{{- if and $live (not (hasKey (default dict $live.metadata.annotations) "skyops/replicas")) }}
{{- $isApplied := false }}
{{- $isOwned := false }}
{{- range $live.metadata.managedFields }}
{{- if and (eq .operation "Apply") (not .subresource) }}
{{- $isApplied = true }}
{{- $isOwned = or $isOwned (hasKey (dig "fieldsV1" "f:spec" dict .) "f:replicas") }}
{{- end }}
{{- end }}
{{- if or $isOwned (not $isApplied) }}
{{- /* None at all is somebody's wish, and switches the autoscaler off. */}}
{{- $now := int $live.spec.replicas }}
{{- ternary 0 (max $now (int .Values.autoscaling.minReplicas)) (eq $now 0) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- /* OpenShift's restricted-v2 gives each namespace ids of its own and refuses any other. The words are those of YAML and of --set. */}}
{{- define "skyops.isOpenShift" -}}
{{- $enabled := toString .Values.openshift.enabled }}
{{- if or (eq $enabled "true") (and (eq $enabled "auto") (.Capabilities.APIVersions.Has "security.openshift.io/v1")) }}true{{ end }}
{{- end }}

{{- define "skyops.podSecurityContext" -}}
{{- $given := default dict .Values.podSecurityContext }}
{{- if include "skyops.isOpenShift" . }}
{{- $given = omit $given "runAsUser" "runAsGroup" "fsGroup" "supplementalGroups" }}
{{- end }}
{{- toYaml $given }}
{{- end }}

{{- define "skyops.securityContext" -}}
{{- $given := default dict .Values.securityContext }}
{{- if include "skyops.isOpenShift" . }}
{{- $given = omit $given "runAsUser" "runAsGroup" }}
{{- end }}
{{- toYaml $given }}
{{- end }}

{{- define "skyops.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "skyops.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- /* A name alone, or as Kubernetes has it. */}}
{{- define "skyops.imagePullSecrets" -}}
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ ternary . (get (ternary dict . (kindIs "string" .)) "name") (kindIs "string" .) | quote }}
  {{- end }}
{{- end }}
{{- end }}

{{- define "skyops.image" -}}
{{- if .Values.image.digest }}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest }}
{{- else }}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) }}
{{- end }}
{{- end }}

{{- /* An amount as Kubernetes writes it, as a number: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/ */}}
{{- define "skyops.amount" -}}
{{- $text := toString . }}
{{- $number := regexFind "^[0-9.]+([eE][+-]?[0-9]+)?" $text }}
{{- $factors := dict "n" 0.000000001 "u" 0.000001 "m" 0.001 "" 1.0 "k" 1e3 "M" 1e6 "G" 1e9 "T" 1e12 "P" 1e15 "E" 1e18 "Ki" 1024.0 "Mi" 1048576.0 "Gi" 1073741824.0 "Ti" 1099511627776.0 "Pi" 1125899906842624.0 "Ei" 1152921504606846976.0 }}
{{- mulf (float64 $number) (get $factors (trimPrefix $number $text)) }}
{{- end }}

{{- /* What cannot be right together is refused before anything is applied. */}}
{{- define "skyops.check" -}}
{{- $t := .Values.termination }}
{{- $budget := add (ceil $t.drainDelaySeconds | int) (ceil $t.drainTimeoutSeconds | int) 4 $t.preStopSleepSeconds }}
{{- if gt (int $budget) (int $t.gracePeriodSeconds) }}
{{- fail (printf "termination: preStopSleepSeconds (%v) + drainDelaySeconds (%v) + drainTimeoutSeconds (%v) + 4 for the end is %v, more than gracePeriodSeconds (%v): Kubernetes would kill the process in the middle. Shorten the drain or raise gracePeriodSeconds." $t.preStopSleepSeconds $t.drainDelaySeconds $t.drainTimeoutSeconds $budget $t.gracePeriodSeconds) }}
{{- end }}
{{- if and .Values.keda.enabled .Values.autoscaling.enabled }}
{{- fail "keda.enabled and autoscaling.enabled: two autoscalers would fight over one Deployment. Set one of them to false." }}
{{- end }}
{{- if and (or .Values.autoscaling.enabled .Values.keda.enabled) (gt (int .Values.autoscaling.minReplicas) (int .Values.autoscaling.maxReplicas)) }}
{{- fail (printf "autoscaling.minReplicas (%v) is more than autoscaling.maxReplicas (%v)." .Values.autoscaling.minReplicas .Values.autoscaling.maxReplicas) }}
{{- end }}
{{- if and (eq .Values.service.type "ClusterIP") (or .Values.service.nodePort .Values.service.externalTrafficPolicy) }}
{{- fail "service.nodePort and service.externalTrafficPolicy belong to service.type NodePort or LoadBalancer, not to ClusterIP." }}
{{- end }}
{{- if and (gt (len .Values.service.ipFamilies) 1) (not (hasSuffix "DualStack" .Values.service.ipFamilyPolicy)) }}
{{- fail "service.ipFamilies: two families belong to service.ipFamilyPolicy PreferDualStack or RequireDualStack." }}
{{- end }}
{{- range $name, $request := .Values.resources.requests }}
{{- $limit := get (default dict $.Values.resources.limits) $name }}
{{- if and (not (kindIs "invalid" $request)) (not (kindIs "invalid" $limit)) (ne (toString $limit) "") }}
{{- if gt (include "skyops.amount" $request | float64) (include "skyops.amount" $limit | float64) }}
{{- fail (printf "resources.requests.%s (%v) is more than resources.limits.%s (%v): Kubernetes refuses such a pod." $name $request $name $limit) }}
{{- end }}
{{- end }}
{{- end }}
{{- range .Values.extraEnv }}
{{- if hasKey $.Values.config .name }}
{{- fail (printf "%s stands in config and in extraEnv: a container would have it twice." .name) }}
{{- end }}
{{- end }}
{{- if and .Values.httpRoute.enabled (not .Values.httpRoute.parentRefs) }}
{{- fail "httpRoute.enabled: name at least one Gateway in httpRoute.parentRefs." }}
{{- end }}
{{- end }}
