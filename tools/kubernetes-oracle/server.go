// The API server: decoding, defaults, validation, and the pods of a workload.

package main

import (
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	genericapirequest "k8s.io/apiserver/pkg/endpoints/request"
	"k8s.io/apiserver/pkg/registry/rest"
	utilfeature "k8s.io/apiserver/pkg/util/feature"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	_ "k8s.io/kubernetes/pkg/apis/apps/install"
	_ "k8s.io/kubernetes/pkg/apis/autoscaling/install"
	_ "k8s.io/kubernetes/pkg/apis/batch/install"
	"k8s.io/kubernetes/pkg/apis/core"
	_ "k8s.io/kubernetes/pkg/apis/core/install"
	"k8s.io/kubernetes/pkg/controller"
	"k8s.io/kubernetes/pkg/controlplane"
	"k8s.io/kubernetes/pkg/features"
	"k8s.io/kubernetes/pkg/registry/apps/daemonset"
	"k8s.io/kubernetes/pkg/registry/apps/deployment"
	"k8s.io/kubernetes/pkg/registry/apps/replicaset"
	"k8s.io/kubernetes/pkg/registry/apps/statefulset"
	"k8s.io/kubernetes/pkg/registry/autoscaling/horizontalpodautoscaler"
	"k8s.io/kubernetes/pkg/registry/batch/cronjob"
	"k8s.io/kubernetes/pkg/registry/batch/job"
	"k8s.io/kubernetes/pkg/registry/core/limitrange"
	podregistry "k8s.io/kubernetes/pkg/registry/core/pod"
	"k8s.io/kubernetes/pkg/registry/core/replicationcontroller"
	"k8s.io/kubernetes/plugin/pkg/admission/limitranger"
)

var strictCodecs = serializer.NewCodecFactory(legacyscheme.Scheme, serializer.EnableStrict)

var servedVersions = controlplane.DefaultAPIResourceConfigSource()

type strategyOfKind struct {
	strategy rest.RESTCreateStrategy
	resource string
	// isScalable says whether there is a scale subresource.
	isScalable bool
}

var strategies = map[schema.GroupKind]strategyOfKind{
	{Group: "autoscaling", Kind: "HorizontalPodAutoscaler"}: {horizontalpodautoscaler.Strategy, "horizontalpodautoscalers", false},
	{Group: "apps", Kind: "Deployment"}:                     {deployment.Strategy, "deployments", true},
	{Group: "apps", Kind: "ReplicaSet"}:                     {replicaset.Strategy, "replicasets", true},
	{Group: "apps", Kind: "StatefulSet"}:                    {statefulset.Strategy, "statefulsets", true},
	{Group: "apps", Kind: "DaemonSet"}:                      {daemonset.Strategy, "daemonsets", false},
	{Group: "batch", Kind: "Job"}:                           {job.Strategy, "jobs", false},
	{Group: "batch", Kind: "CronJob"}:                       {cronjob.Strategy, "cronjobs", false},
	{Group: "", Kind: "ReplicationController"}:              {replicationcontroller.Strategy, "replicationcontrollers", true},
	{Group: "", Kind: "LimitRange"}:                         {limitrange.Strategy, "limitranges", false},
	{Group: "", Kind: "Pod"}:                                {podregistry.Strategy, "pods", false},
}

// created is a POST to the API server, without admission: decoding, defaults, and the strategy's validation of the internal object.
// It gives the object as decoded with its defaults, and as stored; strict is what the strict field validation of kubectl refuses.
func created(text []byte, namespace string) (versioned, internal runtime.Object, strict, err error) {
	versioned, gvk, err := strictCodecs.UniversalDeserializer().Decode(text, nil, nil)
	if runtime.IsStrictDecodingError(err) {
		strict = err
		versioned, gvk, err = legacyscheme.Codecs.UniversalDeserializer().Decode(text, nil, nil)
	}
	if err != nil {
		return nil, nil, strict, err
	}
	internal, err = stored(versioned, *gvk, namespace)
	return versioned, internal, strict, err
}

func stored(versioned runtime.Object, gvk schema.GroupVersionKind, namespace string) (runtime.Object, error) {
	of, found := strategies[gvk.GroupKind()]
	if !found {
		return nil, fmt.Errorf("no strategy for %s", gvk)
	}
	legacyscheme.Scheme.Default(versioned)
	internal, err := legacyscheme.Scheme.ConvertToVersion(versioned, schema.GroupVersion{Group: gvk.Group, Version: runtime.APIVersionInternal})
	if err != nil {
		return nil, err
	}
	object, err := meta.Accessor(internal)
	if err != nil {
		return nil, err
	}
	object.SetNamespace(namespace)
	rest.FillObjectMetaSystemFields(object)
	ctx := genericapirequest.WithNamespace(context.Background(), namespace)
	ctx = genericapirequest.WithRequestInfo(ctx, &genericapirequest.RequestInfo{
		IsResourceRequest: true, Verb: "create", APIGroup: gvk.Group, APIVersion: gvk.Version, Resource: of.resource, Namespace: namespace,
	})
	return internal, rest.BeforeCreate(of.strategy, ctx, internal)
}

// podOf is the pod that the workload's controller makes of its template, as the API server stores it.
func podOf(template *corev1.PodTemplateSpec, owner runtime.Object, namespace string, limitRanges []*corev1.LimitRange) (*corev1.Pod, error) {
	pod, err := controller.GetPodFromTemplate(template, owner, nil)
	if err != nil {
		return nil, err
	}
	pod.Name = pod.GenerateName + "0"
	pod.GenerateName = ""
	pod.Namespace = namespace
	legacyscheme.Scheme.Default(pod)
	var admitted core.Pod
	if err := legacyscheme.Scheme.Convert(pod, &admitted, nil); err != nil {
		return nil, err
	}
	for _, each := range limitRanges {
		if err := limitranger.PodMutateLimitFunc(each, &admitted); err != nil {
			return nil, err
		}
	}
	if err := legacyscheme.Scheme.Convert(&admitted, pod, nil); err != nil {
		return nil, err
	}
	internal, err := stored(pod, corev1.SchemeGroupVersion.WithKind("Pod"), namespace)
	if err != nil {
		return nil, err
	}
	// Validating admission sees the pod as it will be stored.
	for _, each := range limitRanges {
		if err := limitranger.PodValidateLimitFunc(each, internal.(*core.Pod)); err != nil {
			return nil, fmt.Errorf("limit range %s: %w", each.Name, err)
		}
	}
	var out corev1.Pod
	if err := legacyscheme.Scheme.Convert(internal, &out, nil); err != nil {
		return nil, err
	}
	return &out, nil
}

// admitted says why the API server refuses a pod.
func admitted(pod *corev1.Pod) error {
	_, err := stored(pod.DeepCopy(), corev1.SchemeGroupVersion.WithKind("Pod"), pod.Namespace)
	return err
}

// errorWithoutScaleToZero is the error of creating an object in Kubernetes before 1.37.
func errorWithoutScaleToZero(text []byte, namespace string) error {
	gate := utilfeature.DefaultMutableFeatureGate
	set := func(to bool) {
		if err := gate.SetFromMap(map[string]bool{string(features.HPAScaleToZero): to}); err != nil {
			panic(err)
		}
	}
	set(false)
	defer set(true)
	_, _, _, err := created(text, namespace)
	return err
}

// isServed says whether an API server has the kind in that version, without flags.
func isServed(gvk schema.GroupVersionKind) bool {
	return servedVersions.GroupVersionConfigs[gvk.GroupVersion()] && legacyscheme.Scheme.Recognizes(gvk)
}

// notServed is what kubectl says of it.
func notServed(gvk schema.GroupVersionKind) error {
	return &meta.NoKindMatchError{GroupKind: gvk.GroupKind(), SearchedVersions: []string{gvk.Version}}
}

// pods are what a workload makes.
type pods struct {
	// replicas is nothing where the kind has no number of them.
	replicas *int32
	template *corev1.PodTemplateSpec
	// selectorText is what the scale subresource reports.
	selectorText string
}

func podsOf(object runtime.Object) pods {
	switch workload := object.(type) {
	case *appsv1.Deployment:
		return pods{workload.Spec.Replicas, &workload.Spec.Template, selectorOf(workload.Spec.Selector)}
	case *appsv1.ReplicaSet:
		return pods{workload.Spec.Replicas, &workload.Spec.Template, selectorOf(workload.Spec.Selector)}
	case *appsv1.StatefulSet:
		template := workload.Spec.Template.DeepCopy()
		// The controller mounts the claims of each pod.
		for _, claim := range workload.Spec.VolumeClaimTemplates {
			template.Spec.Volumes = append(template.Spec.Volumes, corev1.Volume{Name: claim.Name})
		}
		return pods{workload.Spec.Replicas, template, selectorOf(workload.Spec.Selector)}
	case *corev1.ReplicationController:
		template := workload.Spec.Template
		if template == nil {
			template = &corev1.PodTemplateSpec{}
		}
		return pods{workload.Spec.Replicas, template, setOf(workload.Spec.Selector)}
	case *appsv1.DaemonSet:
		return pods{template: &workload.Spec.Template}
	case *batchv1.Job:
		return pods{replicas: unlessSuspended(workload.Spec.Suspend, workload.Spec.Parallelism), template: &workload.Spec.Template}
	case *batchv1.CronJob:
		return pods{replicas: unlessSuspended(workload.Spec.Suspend, nil), template: &workload.Spec.JobTemplate.Spec.Template}
	case *corev1.Pod:
		return pods{template: &corev1.PodTemplateSpec{ObjectMeta: workload.ObjectMeta, Spec: workload.Spec}}
	}
	panic(fmt.Sprintf("%T makes no pods", object))
}

func unlessSuspended(isSuspended *bool, parallelism *int32) *int32 {
	if isSuspended != nil && *isSuspended {
		return pointerTo(int32(0))
	}
	return parallelism
}
