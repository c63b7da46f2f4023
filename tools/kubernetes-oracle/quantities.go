// Quantities, from a scalar of YAML to what is stored.

package main

import (
	"encoding/json"
	"fmt"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	"sigs.k8s.io/yaml"
)

type quantityRow struct {
	YAML string `json:"yaml"`
	// JSON is the scalar as kubectl sends it.
	JSON *string `json:"json"`
	// Milli is MilliValue() of the cpu request as stored: rounded up to a milli.
	Milli *string `json:"milli"`
	// Value is Value() of the same as a request of memory.
	Value *string `json:"value"`
	// Canonical is how the API gives the cpu request back.
	Canonical *string `json:"canonical"`
	// Error is why it cannot be decoded.
	Error *string `json:"error"`
	// Invalid is why a pod with this request of cpu (and no limit) is refused, though it was decoded.
	Invalid *string `json:"invalid"`
}

func answerQuantity(row quantityRow) quantityRow {
	answer := quantityRow{YAML: row.YAML}
	cpu, sent, err := requestOf("cpu", row.YAML)
	answer.JSON = sent
	if err != nil {
		answer.Error = textOf(err)
		return answer
	}
	memory, _, err := requestOf("memory", row.YAML)
	if err != nil {
		answer.Error = textOf(err)
		return answer
	}
	answer.Invalid = textOf(admitted(cpu))
	cpuRequest := cpu.Spec.Containers[0].Resources.Requests[corev1.ResourceCPU]
	memoryRequest := memory.Spec.Containers[0].Resources.Requests[corev1.ResourceMemory]
	answer.Milli = pointerTo(strconv.FormatInt(cpuRequest.MilliValue(), 10))
	answer.Value = pointerTo(strconv.FormatInt(memoryRequest.Value(), 10))
	answer.Canonical = pointerTo(cpuRequest.String())
	return answer
}

// requestOf goes the way of `kubectl apply`: YAML, JSON, an unstructured object, JSON again, and the API server's decoding and defaults.
func requestOf(resource, scalar string) (pod *corev1.Pod, sent *string, err error) {
	text := fmt.Sprintf("apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: default}\nspec:\n  containers:\n  - name: c\n    image: i\n    resources:\n      requests:\n        %s: %s\n", resource, scalar)
	first, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		return nil, nil, err
	}
	object, _, err := unstructured.UnstructuredJSONScheme.Decode(first, nil, nil)
	if err != nil {
		return nil, nil, err
	}
	containers, _, _ := unstructured.NestedSlice(object.(*unstructured.Unstructured).Object, "spec", "containers")
	value, _, _ := unstructured.NestedFieldNoCopy(containers[0].(map[string]any), "resources", "requests", resource)
	asSent, err := json.Marshal(value)
	if err != nil {
		return nil, nil, err
	}
	sent = pointerTo(string(asSent))
	second, err := runtime.Encode(unstructured.UnstructuredJSONScheme, object)
	if err != nil {
		return nil, sent, err
	}
	decoded, _, err := legacyscheme.Codecs.UniversalDeserializer().Decode(second, nil, nil)
	if err != nil {
		return nil, sent, err
	}
	pod = decoded.(*corev1.Pod)
	legacyscheme.Scheme.Default(pod)
	if _, found := pod.Spec.Containers[0].Resources.Requests[corev1.ResourceName(resource)]; !found {
		return nil, sent, fmt.Errorf("no request of %s is left", resource)
	}
	return pod, sent, nil
}
