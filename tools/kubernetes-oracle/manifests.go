// Folders of manifests, as kubectl applies them and the controller finds them.

package main

import (
	"encoding/json"
	"path/filepath"
	"reflect"
	"slices"
	"sort"
	"strings"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/cli-runtime/pkg/resource"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	metricsclient "k8s.io/kubernetes/pkg/controller/podautoscaler/metrics"
)

// kubeconfig without a namespace.
const defaultNamespace = "default"

type folderAnswer struct {
	// Errors are what kubectl says of files or documents that it cannot read; it reads the others nevertheless.
	Errors      []string           `json:"errors"`
	Autoscalers []autoscalerAnswer `json:"autoscalers"`
}

type autoscalerAnswer struct {
	Name      string `json:"name"`
	Namespace string `json:"namespace"`
	File      string `json:"file"`
	Version   string `json:"version"`
	// Error is why the API server refuses it, whatever the validation that kubectl asks for.
	Error *string `json:"error"`
	// ErrorWithoutScaleToZero is the error of Kubernetes before 1.37, where HPAScaleToZero is off, if it is another.
	ErrorWithoutScaleToZero *string `json:"errorWithoutScaleToZero,omitempty"`
	// StrictError is why `kubectl apply` is refused besides: unknown and duplicate fields. `--validate=false` passes over it.
	StrictError *string         `json:"strictError"`
	Target      *targetAnswer   `json:"target"`
	MinReplicas *int32          `json:"minReplicas"`
	MaxReplicas *int32          `json:"maxReplicas"`
	Metrics     []metricAnswer  `json:"metrics"`
	Behavior    any             `json:"behavior"`
	Tolerances  *tolerances     `json:"tolerances"`
	Workload    *workloadAnswer `json:"workload"`
	// RequestMilli is what one pod of the target requests of cpu, as calculateRequests has it for a metric of type Resource.
	RequestMilli            *int64            `json:"requestMilli"`
	RequestError            *string           `json:"requestError"`
	RequestMilliByContainer map[string]int64  `json:"requestMilliByContainer"`
	RequestErrorByContainer map[string]string `json:"requestErrorByContainer,omitempty"`
	// Limits are of cpu: of the pod as a whole where it says so, and of each container that makes load (sidecars too).
	Limits *limitsAnswer `json:"limits"`
	// OtherPods are workloads whose pods the target's selector finds too: they are divided by as well.
	OtherPods []otherAnswer `json:"otherPods,omitempty"`
	// AlsoIn are files with an autoscaler of the same name and namespace: the one that is applied last stays.
	AlsoIn []string `json:"alsoIn,omitempty"`
	// AmbiguousWith are autoscalers whose targets' selectors find the same pods: the controller then does nothing (AmbiguousSelector).
	AmbiguousWith []string `json:"ambiguousWith,omitempty"`
}

type targetAnswer struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Name       string `json:"name"`
}

type metricAnswer struct {
	Type       string  `json:"type"`
	Resource   *string `json:"resource,omitempty"`
	Container  *string `json:"container,omitempty"`
	Metric     *string `json:"metric,omitempty"`
	TargetType string  `json:"targetType"`
	// Utilization is in per cent, the others in thousandths. The controller looks at AverageValue first, whatever the type says.
	Utilization       *int32 `json:"utilization,omitempty"`
	AverageValueMilli *int64 `json:"averageValueMilli,omitempty"`
	ValueMilli        *int64 `json:"valueMilli,omitempty"`
}

type tolerances struct {
	ScaleUp   float64 `json:"scaleUp"`
	ScaleDown float64 `json:"scaleDown"`
}

type workloadAnswer struct {
	// Found is true, false or "ambiguous".
	Found     any      `json:"found"`
	Kind      string   `json:"kind,omitempty"`
	Name      string   `json:"name,omitempty"`
	Namespace string   `json:"namespace,omitempty"`
	File      string   `json:"file,omitempty"`
	Files     []string `json:"files,omitempty"`
	Replicas  *int32   `json:"replicas"`
	// Error is why the API server refuses it, or the pods of its template.
	Error       *string `json:"error"`
	StrictError *string `json:"strictError,omitempty"`
	// Note is for what is taken on trust.
	Note string `json:"note,omitempty"`
}

type limitsAnswer struct {
	PodMilli        *int64            `json:"podMilli"`
	ContainersMilli map[string]*int64 `json:"containersMilli"`
}

type otherAnswer struct {
	Kind         string  `json:"kind"`
	Name         string  `json:"name"`
	RequestMilli *int64  `json:"requestMilli"`
	RequestError *string `json:"requestError"`
	// RequestErrorByContainer is why a metric of type ContainerResource has nothing to divide by.
	RequestErrorByContainer map[string]string `json:"requestErrorByContainer,omitempty"`
}

// document is an object of a file.
type document struct {
	file      string
	namespace string
	object    *unstructured.Unstructured
}

func (of document) groupKind() schema.GroupKind { return of.object.GroupVersionKind().GroupKind() }

// workload is a document that makes pods.
type workload struct {
	document
	replicas    *int32
	selector    labels.Selector
	pod         *corev1.Pod
	err, strict error
	note        string
	// isScalable is false for what has pods and no scale subresource, such as a Job.
	isScalable bool
}

func answerManifests(folder string) any {
	answer := folderAnswer{Errors: []string{}, Autoscalers: []autoscalerAnswer{}}
	documents := documentsIn(folder, &answer)
	ranges := map[string][]*corev1.LimitRange{}
	for _, each := range documents {
		if each.groupKind() == (schema.GroupKind{Kind: "LimitRange"}) {
			made, _, _, err := created(sent(each.object), each.namespace)
			if err != nil {
				answer.Errors = append(answer.Errors, err.Error())
				continue
			}
			ranges[each.namespace] = append(ranges[each.namespace], made.(*corev1.LimitRange))
		}
	}
	var workloads []workload
	for _, each := range documents {
		if made := workloadOf(each, documents, ranges[each.namespace]); made != nil {
			workloads = append(workloads, *made)
		}
	}
	var targets []*workload
	for _, each := range documents {
		if each.object.GetKind() == "HorizontalPodAutoscaler" {
			one, target := answerAutoscaler(each, workloads)
			answer.Autoscalers = append(answer.Autoscalers, one)
			targets = append(targets, target)
		}
	}
	for i, target := range targets {
		for j, other := range targets {
			one, another := &answer.Autoscalers[i], answer.Autoscalers[j]
			switch {
			case i == j || one.Namespace != another.Namespace:
			case one.Name == another.Name && one.Name != "" && isServedHere(*one) && isServedHere(another):
				one.AlsoIn = append(one.AlsoIn, another.File)
			case target != nil && other != nil && isLooking(*one) && isLooking(another) && haveCommonPods(target, other, workloads):
				one.AmbiguousWith = append(one.AmbiguousWith, another.Name)
			}
		}
	}
	return answer
}

func isServedHere(of autoscalerAnswer) bool { return of.Target != nil && of.Error == nil }

// isLooking says whether the controller looks for pods: a target with 0 replicas switches the autoscaler off.
func isLooking(of autoscalerAnswer) bool {
	isOff := of.Workload != nil && of.Workload.Replicas != nil && *of.Workload.Replicas == 0
	return isServedHere(of) && (!isOff || of.MinReplicas != nil && *of.MinReplicas == 0)
}

func haveCommonPods(one, other *workload, workloads []workload) bool {
	for _, each := range workloads {
		if each.namespace == one.namespace && each.hasPods() && one.selects(each.pod) && other.selects(each.pod) {
			return true
		}
	}
	return false
}

// isMade says whether another of these workloads has made it: its pods are of that one.
func isMade(made workload, workloads []workload) bool {
	return slices.ContainsFunc(made.object.GetOwnerReferences(), func(owner metav1.OwnerReference) bool {
		return slices.ContainsFunc(workloads, func(each workload) bool {
			return each.namespace == made.namespace && each.object.GetKind() == owner.Kind && each.object.GetName() == owner.Name
		})
	})
}

func (of *workload) hasPods() bool {
	return of.pod != nil && of.err == nil && (of.replicas == nil || *of.replicas > 0)
}

func (of *workload) selects(pod *corev1.Pod) bool {
	return of.selector != nil && !of.selector.Empty() && of.selector.Matches(labels.Set(pod.Labels))
}

// documentsIn reads a folder as `kubectl apply --recursive --filename` does.
func documentsIn(folder string, answer *folderAnswer) []document {
	var documents []document
	err := resource.NewLocalBuilder().Unstructured().ContinueOnError().Flatten().
		FilenameParam(false, &resource.FilenameOptions{Filenames: []string{folder}, Recursive: true}).
		Do().Visit(func(info *resource.Info, err error) error {
		if err != nil {
			return err
		}
		file, _ := filepath.Rel(folder, info.Source)
		if file == "expected.json" {
			return nil
		}
		namespace := info.Namespace
		if namespace == "" {
			namespace = defaultNamespace
		}
		documents = append(documents, document{file, namespace, info.Object.(*unstructured.Unstructured)})
		return nil
	})
	if err != nil {
		for _, line := range linesOf(err) {
			if !strings.Contains(line, "expected.json") {
				answer.Errors = append(answer.Errors, strings.ReplaceAll(line, folder+"/", ""))
			}
		}
	}
	return documents
}

func linesOf(err error) []string {
	if several, ok := err.(interface{ Errors() []error }); ok {
		var lines []string
		for _, each := range several.Errors() {
			lines = append(lines, linesOf(each)...)
		}
		return lines
	}
	return []string{err.Error()}
}

func answerAutoscaler(of document, workloads []workload) (answer autoscalerAnswer, target *workload) {
	gvk := of.object.GroupVersionKind()
	answer = autoscalerAnswer{
		Name: of.object.GetName(), Namespace: of.namespace, File: of.file, Version: of.object.GetAPIVersion(),
		Metrics: []metricAnswer{}, RequestMilliByContainer: map[string]int64{},
	}
	if !isServed(gvk) {
		answer.Error = textOf(notServed(gvk))
		return answer, nil
	}
	_, internal, strict, err := created(sent(of.object), of.namespace)
	answer.StrictError, answer.Error = textOf(strict), textOf(err)
	if without := textOf(errorWithoutScaleToZero(sent(of.object), of.namespace)); without != nil && (answer.Error == nil || *without != *answer.Error) {
		answer.ErrorWithoutScaleToZero = without
	}
	if internal == nil {
		return answer, nil
	}
	// As the controller has it.
	var hpa autoscalingv2.HorizontalPodAutoscaler
	if err := legacyscheme.Scheme.Convert(internal, &hpa, nil); err != nil {
		answer.Error = textOf(err)
		return answer, nil
	}
	legacyscheme.Scheme.Default(&hpa)
	maybeInitScaleDownStabilizationWindow(hpaController, &hpa)
	tolerated := reflect.ValueOf(tolerancesForHpa(hpaController, &hpa))
	answer.Tolerances = &tolerances{ScaleUp: fieldOf(tolerated, "scaleUp"), ScaleDown: fieldOf(tolerated, "scaleDown")}
	ref := hpa.Spec.ScaleTargetRef
	answer.Target = &targetAnswer{ref.APIVersion, ref.Kind, ref.Name}
	answer.MinReplicas, answer.MaxReplicas = hpa.Spec.MinReplicas, &hpa.Spec.MaxReplicas
	for _, metric := range hpa.Spec.Metrics {
		answer.Metrics = append(answer.Metrics, metricOf(metric))
	}
	if hpa.Spec.Behavior != nil {
		answer.Behavior = hpa.Spec.Behavior
	}
	answer.Workload, target = found(ref, of.namespace, workloads)
	if target == nil || target.pod == nil {
		return answer, target
	}
	answer.RequestMilli, answer.RequestError = requestOfPod(target.pod, "")
	answer.Limits = limitsOf(target.pod)
	for _, metric := range hpa.Spec.Metrics {
		if metric.ContainerResource == nil {
			continue
		}
		name := metric.ContainerResource.Container
		amount, err := requestOfPod(target.pod, name)
		if amount != nil {
			answer.RequestMilliByContainer[name] = *amount
		}
		if err != nil {
			if answer.RequestErrorByContainer == nil {
				answer.RequestErrorByContainer = map[string]string{}
			}
			answer.RequestErrorByContainer[name] = *err
		}
	}
	for _, each := range workloads {
		if each.object != target.object && each.namespace == target.namespace && each.hasPods() && !isMade(each, workloads) && target.selects(each.pod) {
			other := otherAnswer{Kind: each.object.GetKind(), Name: each.object.GetName()}
			other.RequestMilli, other.RequestError = requestOfPod(each.pod, "")
			for _, metric := range hpa.Spec.Metrics {
				if metric.ContainerResource == nil {
					continue
				}
				if _, err := requestOfPod(each.pod, metric.ContainerResource.Container); err != nil {
					other.RequestErrorByContainer = map[string]string{metric.ContainerResource.Container: *err}
				}
			}
			answer.OtherPods = append(answer.OtherPods, other)
		}
	}
	return answer, target
}

// requestOfPod is the divisor of one pod, and the error of the controller where there is none.
func requestOfPod(pod *corev1.Pod, container string) (*int64, *string) {
	requests, err := calculateRequests([]*corev1.Pod{pod}, container, corev1.ResourceCPU)
	if err != nil {
		return nil, textOf(err)
	}
	amount := requests[pod.Name]
	_, _, _, err = metricsclient.GetResourceUtilizationRatio(metricsclient.PodMetricsInfo{pod.Name: {Value: 1}}, requests, 50)
	return &amount, textOf(err)
}

func limitsOf(pod *corev1.Pod) *limitsAnswer {
	milli := func(list corev1.ResourceList) *int64 {
		if amount, found := list[corev1.ResourceCPU]; found {
			return pointerTo(amount.MilliValue())
		}
		return nil
	}
	answer := &limitsAnswer{ContainersMilli: map[string]*int64{}}
	if pod.Spec.Resources != nil {
		answer.PodMilli = milli(pod.Spec.Resources.Limits)
	}
	for _, each := range pod.Spec.InitContainers {
		if each.RestartPolicy != nil && *each.RestartPolicy == corev1.ContainerRestartPolicyAlways {
			answer.ContainersMilli[each.Name] = milli(each.Resources.Limits)
		}
	}
	for _, each := range pod.Spec.Containers {
		answer.ContainersMilli[each.Name] = milli(each.Resources.Limits)
	}
	return answer
}

func metricOf(metric autoscalingv2.MetricSpec) metricAnswer {
	answer := metricAnswer{Type: string(metric.Type)}
	var target autoscalingv2.MetricTarget
	switch {
	case metric.Resource != nil:
		answer.Resource, target = pointerTo(string(metric.Resource.Name)), metric.Resource.Target
	case metric.ContainerResource != nil:
		answer.Resource, answer.Container, target = pointerTo(string(metric.ContainerResource.Name)), &metric.ContainerResource.Container, metric.ContainerResource.Target
	case metric.Pods != nil:
		answer.Metric, target = &metric.Pods.Metric.Name, metric.Pods.Target
	case metric.Object != nil:
		answer.Metric, target = &metric.Object.Metric.Name, metric.Object.Target
	case metric.External != nil:
		answer.Metric, target = &metric.External.Metric.Name, metric.External.Target
	}
	answer.TargetType, answer.Utilization = string(target.Type), target.AverageUtilization
	if target.AverageValue != nil {
		answer.AverageValueMilli = pointerTo(target.AverageValue.MilliValue())
	}
	if target.Value != nil {
		answer.ValueMilli = pointerTo(target.Value.MilliValue())
	}
	return answer
}

// found looks for the target as the controller does: by namespace, group, kind and name; the version is of no account.
func found(ref autoscalingv2.CrossVersionObjectReference, namespace string, workloads []workload) (*workloadAnswer, *workload) {
	groupVersion, err := schema.ParseGroupVersion(ref.APIVersion)
	if err != nil {
		return &workloadAnswer{Found: false, Error: textOf(err)}, nil
	}
	wanted := schema.GroupKind{Group: groupVersion.Group, Kind: ref.Kind}
	var matching []workload
	var files []string
	for _, each := range workloads {
		if each.isScalable && each.groupKind() == wanted && each.namespace == namespace && each.object.GetName() == ref.Name {
			matching = append(matching, each)
			files = append(files, each.file)
		}
	}
	if len(matching) == 0 {
		return &workloadAnswer{Found: false}, nil
	}
	// What the API server refuses stands beside nothing.
	taken := slices.DeleteFunc(slices.Clone(matching), func(each workload) bool { return each.err != nil })
	if len(taken) > 0 {
		matching = taken
	}
	if len(matching) > 1 {
		sort.Strings(files)
		return &workloadAnswer{Found: "ambiguous", Kind: ref.Kind, Name: ref.Name, Namespace: namespace, Files: files}, nil
	}
	one := matching[0]
	return &workloadAnswer{
		Found: true, Kind: one.object.GetKind(), Name: one.object.GetName(), Namespace: one.namespace, File: one.file,
		Replicas: one.replicas, Error: textOf(one.err), StrictError: textOf(one.strict), Note: one.note,
	}, &one
}

// workloadOf gives nothing for what makes no pods.
func workloadOf(of document, documents []document, ranges []*corev1.LimitRange) *workload {
	gvk := of.object.GroupVersionKind()
	strategy, known := strategies[gvk.GroupKind()]
	if !known {
		return customWorkloadOf(of, documents, ranges)
	}
	if gvk.Kind == "HorizontalPodAutoscaler" || gvk.Kind == "LimitRange" {
		return nil
	}
	made := &workload{document: of, isScalable: strategy.isScalable}
	if !isServed(gvk) {
		made.err = notServed(gvk)
		return made
	}
	versioned, _, strict, err := created(sent(of.object), of.namespace)
	made.err, made.strict = err, strict
	if versioned == nil {
		return made
	}
	pods := podsOf(versioned)
	made.replicas = pods.replicas
	made.selector, _ = labels.Parse(pods.selectorText)
	if len(pods.template.Spec.Containers) == 0 {
		return made
	}
	made.pod, err = podOf(pods.template, versioned, of.namespace, ranges)
	if made.err == nil && err != nil {
		made.err = err
	}
	return made
}

// customWorkloadOf trusts that a custom resource with a pod template has a scale subresource, and makes pods of it.
func customWorkloadOf(of document, documents []document, ranges []*corev1.LimitRange) *workload {
	note := "a custom resource: taken to have a scale subresource and this template"
	source := of
	if kind, _, _ := unstructured.NestedString(of.object.Object, "spec", "workloadRef", "kind"); kind != "" {
		name, _, _ := unstructured.NestedString(of.object.Object, "spec", "workloadRef", "name")
		for _, each := range documents {
			if each.namespace == of.namespace && each.object.GetKind() == kind && each.object.GetName() == name {
				source, note = each, "a custom resource: taken to have a scale subresource and the template of its workloadRef, "+kind+" "+name
			}
		}
	}
	template, isThere, err := unstructured.NestedMap(source.object.Object, "spec", "template", "spec")
	switch of.object.GetKind() {
	case "Deployment", "ReplicaSet", "StatefulSet", "ReplicationController", "DaemonSet", "Job", "CronJob":
		return nil
	}
	if !isThere || err != nil || template["containers"] == nil {
		return nil
	}
	var made corev1.PodTemplateSpec
	whole, _, _ := unstructured.NestedMap(source.object.Object, "spec", "template")
	text, err := json.Marshal(whole)
	if err == nil {
		err = json.Unmarshal(text, &made)
	}
	out := &workload{document: of, err: err, note: note, isScalable: true}
	if replicas, isThere, _ := unstructured.NestedInt64(of.object.Object, "spec", "replicas"); isThere {
		out.replicas = pointerTo(int32(replicas))
	}
	var selector metav1.LabelSelector
	if given, isThere, _ := unstructured.NestedMap(of.object.Object, "spec", "selector"); isThere {
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(given, &selector); err == nil {
			out.selector, _ = metav1.LabelSelectorAsSelector(&selector)
		}
	}
	if err == nil {
		out.pod, out.err = podOf(&made, of.object, of.namespace, ranges)
	}
	return out
}

// sent is the object as kubectl sends it.
func sent(object *unstructured.Unstructured) []byte {
	text, err := runtime.Encode(unstructured.UnstructuredJSONScheme, object)
	if err != nil {
		panic(err)
	}
	return text
}
