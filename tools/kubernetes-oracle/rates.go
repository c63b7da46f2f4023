// How far the policies of a behavior allow to go.

package main

import (
	"time"
	_ "unsafe" // for go:linkname

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"k8s.io/kubernetes/pkg/apis/autoscaling/v2"
)

// scaleEvent is laid out as timestampedScaleEvent of the controller is.
type scaleEvent struct {
	replicaChange int32
	timestamp     time.Time
	outdated      bool
}

//go:linkname calculateScaleUpLimitWithScalingRules k8s.io/kubernetes/pkg/controller/podautoscaler.calculateScaleUpLimitWithScalingRules
func calculateScaleUpLimitWithScalingRules(currentReplicas int32, scaleUpEvents, scaleDownEvents []scaleEvent, scalingRules *autoscalingv2.HPAScalingRules) int32

//go:linkname calculateScaleDownLimitWithBehaviors k8s.io/kubernetes/pkg/controller/podautoscaler.calculateScaleDownLimitWithBehaviors
func calculateScaleDownLimitWithBehaviors(currentReplicas int32, scaleUpEvents, scaleDownEvents []scaleEvent, scalingRules *autoscalingv2.HPAScalingRules) int32

type ratesRow struct {
	Given ratesGiven `json:"given"`
	// Most is how far the policies let it go up, Least down; before the bounds.
	Most  int32 `json:"most"`
	Least int32 `json:"least"`
}

type ratesGiven struct {
	Replicas int32 `json:"replicas"`
	// Changes are earlier steps: above 0 upwards.
	Changes   []rateChange                   `json:"changes"`
	ScaleUp   *autoscalingv2.HPAScalingRules `json:"scaleUp"`
	ScaleDown *autoscalingv2.HPAScalingRules `json:"scaleDown"`
}

type rateChange struct {
	// SecondsAgo is never a whole period: the clock of the controller is not stopped.
	SecondsAgo float64 `json:"secondsAgo"`
	Replicas   int32   `json:"replicas"`
}

func answerRates(row ratesRow) ratesRow {
	answer := ratesRow{Given: row.Given}
	var up, down []scaleEvent
	for _, each := range row.Given.Changes {
		at := time.Now().Add(-time.Duration(each.SecondsAgo * float64(time.Second)))
		if each.Replicas > 0 {
			up = append(up, scaleEvent{replicaChange: each.Replicas, timestamp: at})
		} else {
			down = append(down, scaleEvent{replicaChange: -each.Replicas, timestamp: at})
		}
	}
	answer.Most = calculateScaleUpLimitWithScalingRules(row.Given.Replicas, up, down, v2.GenerateHPAScaleUpRules(row.Given.ScaleUp))
	answer.Least = calculateScaleDownLimitWithBehaviors(row.Given.Replicas, up, down, v2.GenerateHPAScaleDownRules(row.Given.ScaleDown))
	return answer
}
