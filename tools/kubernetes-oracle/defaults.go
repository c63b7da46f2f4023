// What the other answers rest on: versions, feature gates, settings.

package main

import (
	"runtime/debug"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"
	utilfeature "k8s.io/apiserver/pkg/util/feature"
	"k8s.io/component-base/featuregate"
	"k8s.io/kubernetes/pkg/features"
)

// answerDefaults says what the other answers rest on.
func answerDefaults() any {
	versions := map[string]string{}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, each := range info.Deps {
			if each.Replace != nil {
				each = each.Replace
			}
			if strings.HasPrefix(each.Path, "k8s.io/kubernetes") || each.Path == "k8s.io/api" || each.Path == "k8s.io/apimachinery" || strings.HasPrefix(each.Path, "sigs.k8s.io/") {
				versions[each.Path] = each.Version
			}
		}
	}
	gates := map[string]bool{}
	for _, each := range []featuregate.Feature{features.HPAScaleToZero, features.HPAConfigurableTolerance, features.PodLevelResources, features.PodLevelResourcesFixDefaulting} {
		gates[string(each)] = utilfeature.DefaultFeatureGate.Enabled(each)
	}
	served := []string{}
	for _, each := range []schema.GroupVersion{
		{Group: "autoscaling", Version: "v1"}, {Group: "autoscaling", Version: "v2"}, {Group: "autoscaling", Version: "v2beta1"}, {Group: "autoscaling", Version: "v2beta2"},
		{Group: "apps", Version: "v1"}, {Group: "apps", Version: "v1beta1"}, {Group: "apps", Version: "v1beta2"}, {Group: "extensions", Version: "v1beta1"}, {Version: "v1"},
	} {
		if servedVersions.GroupVersionConfigs[each] {
			served = append(served, each.String())
		}
	}
	return map[string]any{
		"modules": versions, "featureGates": gates, "served": served,
		"controller": map[string]any{
			"syncPeriodSeconds":                   controllerConfiguration.HorizontalPodAutoscalerSyncPeriod.Seconds(),
			"downscaleStabilizationWindowSeconds": controllerConfiguration.HorizontalPodAutoscalerDownscaleStabilizationWindow.Seconds(),
			"cpuInitializationPeriodSeconds":      controllerConfiguration.HorizontalPodAutoscalerCPUInitializationPeriod.Seconds(),
			"initialReadinessDelaySeconds":        controllerConfiguration.HorizontalPodAutoscalerInitialReadinessDelay.Seconds(),
			"tolerance":                           controllerConfiguration.HorizontalPodAutoscalerTolerance,
		},
	}
}
