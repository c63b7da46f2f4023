// The HorizontalPodAutoscaler controller: what it does not export, and its settings.

package main

import (
	"reflect"
	"time"
	"unsafe"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	kubectrlmgrconfigv1alpha1 "k8s.io/kube-controller-manager/config/v1alpha1"
	"k8s.io/kubernetes/pkg/controller/podautoscaler"
	configv1alpha1 "k8s.io/kubernetes/pkg/controller/podautoscaler/config/v1alpha1"
)

//go:linkname calculateRequests k8s.io/kubernetes/pkg/controller/podautoscaler.calculateRequests
func calculateRequests(pods []*corev1.Pod, container string, resource corev1.ResourceName) (map[string]int64, error)

//go:linkname tolerancesForHpa k8s.io/kubernetes/pkg/controller/podautoscaler.(*HorizontalController).tolerancesForHpa
func tolerancesForHpa(controller *podautoscaler.HorizontalController, hpa *autoscalingv2.HorizontalPodAutoscaler) podautoscaler.Tolerances

//go:linkname maybeInitScaleDownStabilizationWindow k8s.io/kubernetes/pkg/controller/podautoscaler.(*HorizontalController).maybeInitScaleDownStabilizationWindow
func maybeInitScaleDownStabilizationWindow(controller *podautoscaler.HorizontalController, hpa *autoscalingv2.HorizontalPodAutoscaler)

// controllerConfiguration is what kube-controller-manager has without flags.
var controllerConfiguration = func() (configuration kubectrlmgrconfigv1alpha1.HPAControllerConfiguration) {
	configv1alpha1.RecommendedDefaultHPAControllerConfiguration(&configuration)
	return configuration
}()

// hpaController has the settings that the functions above look at, and nothing else.
var hpaController = func() *podautoscaler.HorizontalController {
	made := &podautoscaler.HorizontalController{}
	setField(made, "tolerance", controllerConfiguration.HorizontalPodAutoscalerTolerance)
	setField(made, "downscaleStabilisationWindow", controllerConfiguration.HorizontalPodAutoscalerDownscaleStabilizationWindow.Duration)
	return made
}()

func setField[Struct any, Value float64 | time.Duration](of *Struct, name string, value Value) {
	*(*Value)(unsafe.Pointer(reflect.ValueOf(of).Elem().FieldByName(name).UnsafeAddr())) = value
}

func fieldOf(of reflect.Value, name string) float64 { return of.FieldByName(name).Float() }

func selectorOf(selector *metav1.LabelSelector) string {
	parsed, err := metav1.LabelSelectorAsSelector(selector)
	if err != nil {
		return ""
	}
	return parsed.String()
}

func setOf(selector map[string]string) string { return labels.SelectorFromSet(selector).String() }
