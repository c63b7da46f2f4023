// The types of what makes pods and scales them: which fields the API server knows, and what it decodes each into.

package main

import (
	"reflect"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// Kinds by their apiVersion and kind, as a manifest writes them.
var typedKinds = map[string]any{
	"autoscaling/v2 HorizontalPodAutoscaler": autoscalingv2.HorizontalPodAutoscaler{},
	"autoscaling/v1 HorizontalPodAutoscaler": autoscalingv1.HorizontalPodAutoscaler{},
	"apps/v1 Deployment":                     appsv1.Deployment{},
	"apps/v1 ReplicaSet":                     appsv1.ReplicaSet{},
	"apps/v1 StatefulSet":                    appsv1.StatefulSet{},
	"apps/v1 DaemonSet":                      appsv1.DaemonSet{},
	"batch/v1 Job":                           batchv1.Job{},
	"batch/v1 CronJob":                       batchv1.CronJob{},
	"v1 ReplicationController":               corev1.ReplicationController{},
	"v1 Pod":                                 corev1.Pod{},
	"v1 LimitRange":                          corev1.LimitRange{},
}

// Types that decode themselves.
var ownDecoders = map[reflect.Type]string{
	reflect.TypeFor[resource.Quantity]():  "quantity",
	reflect.TypeFor[intstr.IntOrString](): "integer or text",
	reflect.TypeFor[metav1.Time]():        "time",
	reflect.TypeFor[metav1.MicroTime]():   "time",
	reflect.TypeFor[metav1.FieldsV1]():    "anything",
	reflect.TypeFor[metav1.Duration]():    "text",
	reflect.TypeFor[[]byte]():             "base64",
}

// answerTypes names every struct once: its fields, each with a word for its type. A list is "[]" and a map is "{}" before it.
func answerTypes() any {
	structs := map[string]map[string]string{}
	kinds := map[string]string{}
	for kind, value := range typedKinds {
		kinds[kind] = typeWord(reflect.TypeOf(value), structs)
	}
	typeWord(reflect.TypeFor[metav1.ObjectMeta](), structs)
	// What stands as JSON in an annotation of autoscaling/v1.
	typeWord(reflect.TypeFor[autoscalingv1.MetricSpec](), structs)
	return map[string]any{"kinds": kinds, "structs": structs}
}

func typeWord(of reflect.Type, structs map[string]map[string]string) string {
	if word, found := ownDecoders[of]; found {
		return word
	}
	switch of.Kind() {
	case reflect.Pointer:
		return typeWord(of.Elem(), structs)
	case reflect.Slice:
		return "[]" + typeWord(of.Elem(), structs)
	case reflect.Map:
		return "{}" + typeWord(of.Elem(), structs)
	case reflect.String:
		return "text"
	case reflect.Bool:
		return "truth"
	case reflect.Int32, reflect.Int64:
		return of.Kind().String()
	case reflect.Struct:
		return structWord(of, structs)
	}
	panic("no word for " + of.String())
}

func structWord(of reflect.Type, structs map[string]map[string]string) string {
	name := of.Name()
	// Only autoscaling has the same names in two versions.
	if strings.HasSuffix(of.PkgPath(), "autoscaling/v1") {
		name += "V1"
	}
	if _, known := structs[name]; known {
		return name
	}
	fields := map[string]string{}
	structs[name] = fields
	addFields(of, fields, structs)
	return name
}

func addFields(of reflect.Type, fields map[string]string, structs map[string]map[string]string) {
	for i := range of.NumField() {
		field := of.Field(i)
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		if name == "" && (field.Anonymous || options == "inline") {
			addFields(field.Type, fields, structs)
			continue
		}
		fields[name] = typeWord(field.Type, structs)
	}
}
