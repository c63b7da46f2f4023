// What the controller wants, from pods and a target.

package main

import (
	"context"
	"fmt"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	corelisters "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/tools/cache"
	"k8s.io/kubernetes/pkg/controller/podautoscaler"
	metricsclient "k8s.io/kubernetes/pkg/controller/podautoscaler/metrics"
)

type replicasRow struct {
	Given replicasGiven `json:"given"`
	// Replicas is what the metric wants, before min, max, rates and windows.
	Replicas *int32 `json:"replicas"`
	// Utilization is in per cent of the request; nothing for an averageValue.
	Utilization *int32 `json:"utilization"`
	// AverageMilli is what a pod uses on the mean, as the status shows it.
	AverageMilli *int64  `json:"averageMilli"`
	Error        *string `json:"error"`
}

type replicasGiven struct {
	Replicas int32         `json:"replicas"`
	Pods     []replicasPod `json:"pods"`
	// One of the two.
	Utilization       *int32     `json:"utilization,omitempty"`
	AverageValueMilli *int64     `json:"averageValueMilli,omitempty"`
	Tolerances        tolerances `json:"tolerances"`
}

type replicasPod struct {
	// UsageMilli is nothing where there is no metric of the pod.
	UsageMilli   *int64 `json:"usageMilli"`
	RequestMilli *int64 `json:"requestMilli"`
	// State is ready, unready (running, and never ready), pending, failed or deleted.
	State string `json:"state"`
}

// fakeMetrics has the metrics of the pods of a row.
type fakeMetrics struct {
	metricsclient.MetricsClient
	metrics metricsclient.PodMetricsInfo
}

func (of fakeMetrics) GetResourceMetric(context.Context, corev1.ResourceName, string, labels.Selector, string) (metricsclient.PodMetricsInfo, time.Time, error) {
	return of.metrics, time.Now(), nil
}

func answerReplicas(row replicasRow) replicasRow {
	answer := replicasRow{Given: row.Given}
	metrics := metricsclient.PodMetricsInfo{}
	indexer := cache.NewIndexer(cache.MetaNamespaceKeyFunc, cache.Indexers{cache.NamespaceIndex: cache.MetaNamespaceIndexFunc})
	for i, each := range row.Given.Pods {
		pod := podIn(each, fmt.Sprintf("pod-%d", i))
		if err := indexer.Add(pod); err != nil {
			panic(err)
		}
		if each.UsageMilli != nil {
			metrics[pod.Name] = metricsclient.PodMetric{Timestamp: time.Now(), Window: time.Minute, Value: *each.UsageMilli}
		}
	}
	calculator := podautoscaler.NewReplicaCalculator(
		fakeMetrics{metrics: metrics}, corelisters.NewPodLister(indexer),
		controllerConfiguration.HorizontalPodAutoscalerCPUInitializationPeriod.Duration, controllerConfiguration.HorizontalPodAutoscalerInitialReadinessDelay.Duration,
	)
	tolerated := tolerancesForHpa(hpaController, hpaWith(row.Given.Tolerances))
	ctx := context.Background()
	if target := row.Given.AverageValueMilli; target != nil {
		replicas, usage, _, err := calculator.GetRawResourceReplicas(ctx, row.Given.Replicas, *target, corev1.ResourceCPU, tolerated, defaultNamespace, labels.Everything(), "")
		if answer.Error = textOf(err); err == nil {
			answer.Replicas, answer.AverageMilli = &replicas, &usage
		}
		return answer
	}
	replicas, utilization, raw, _, err := calculator.GetResourceReplicas(ctx, row.Given.Replicas, *row.Given.Utilization, corev1.ResourceCPU, tolerated, defaultNamespace, labels.Everything(), "")
	if answer.Error = textOf(err); err == nil {
		answer.Replicas, answer.Utilization, answer.AverageMilli = &replicas, &utilization, &raw
	}
	return answer
}

func hpaWith(given tolerances) *autoscalingv2.HorizontalPodAutoscaler {
	rules := func(tolerance float64) *autoscalingv2.HPAScalingRules {
		return &autoscalingv2.HPAScalingRules{Tolerance: pointerTo(resource.MustParse(fmt.Sprint(tolerance)))}
	}
	return &autoscalingv2.HorizontalPodAutoscaler{Spec: autoscalingv2.HorizontalPodAutoscalerSpec{
		Behavior: &autoscalingv2.HorizontalPodAutoscalerBehavior{ScaleUp: rules(given.ScaleUp), ScaleDown: rules(given.ScaleDown)},
	}}
}

func podIn(given replicasPod, name string) *corev1.Pod {
	start := time.Now().Add(-time.Hour)
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: defaultNamespace},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "c"}}},
		Status:     corev1.PodStatus{Phase: corev1.PodRunning, StartTime: pointerTo(metav1.NewTime(start))},
	}
	if given.RequestMilli != nil {
		pod.Spec.Containers[0].Resources.Requests = corev1.ResourceList{corev1.ResourceCPU: *resource.NewMilliQuantity(*given.RequestMilli, resource.DecimalSI)}
	}
	ready := corev1.PodCondition{Type: corev1.PodReady, Status: corev1.ConditionTrue, LastTransitionTime: metav1.NewTime(start.Add(time.Minute))}
	switch given.State {
	case "unready":
		ready.Status, ready.LastTransitionTime = corev1.ConditionFalse, metav1.NewTime(start)
	case "pending":
		pod.Status.Phase = corev1.PodPending
	case "failed":
		pod.Status.Phase = corev1.PodFailed
	case "deleted":
		pod.DeletionTimestamp = pointerTo(metav1.Now())
	}
	pod.Status.Conditions = []corev1.PodCondition{ready}
	return pod
}
