package format

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/event"
)

func TestDocumentedTemplateOfArgoRolloutsIsRead(t *testing.T) {
	for _, c := range []struct {
		name, rollout string
		want          []string
		percent       float64
	}{
		{
			"canary", `{"metadata":{"name":"checkout","namespace":"shop","uid":"u-1","labels":{"env":"prod"},"annotations":{"rollout.argoproj.io/revision":"12"}},
			"spec":{"strategy":{"canary":{"steps":[{"setWeight":10},{"pause":{}}]}},"template":{"spec":{"containers":[{"image":"shop/checkout:4.2.0"},{"image":"mesh:1"}]}}},
			"status":{"phase":"Paused","message":"say \"wait\"","currentPodHash":"6c9d","stableRS":"58b1","currentStepIndex":1,"canary":{"weights":{"canary":{"weight":10}}}}}`,
			[]string{"u-1:12 deploy in_progress [checkout] in production 2026-11-21T12:00:00Z 4.2.0 commits=0 pulls=0"},
			10,
		},
		{
			"canary without router, aborted", `{"metadata":{"name":"checkout","namespace":"shop","uid":"u-1","annotations":{"rollout.argoproj.io/revision":"12"}},
			"spec":{"strategy":{"canary":{}},"template":{"spec":{"containers":[]}}},
			"status":{"phase":"Degraded","abort":true,"abortedAt":"2026-11-21T11:59:58Z","currentPodHash":"6c9d","stableRS":"58b1","canary":{}}}`,
			[]string{"u-1:12 deploy rolled_back [checkout] in production 2026-11-21T11:59:58Z 6c9d commits=0 pulls=0"},
			0,
		},
		{
			"blue-green, done", `{"metadata":{"name":"basket","namespace":"shop","uid":"u-2"},
			"spec":{"strategy":{"blueGreen":{}},"template":{"spec":{"containers":[{"image":"shop/basket:7"}]}}},
			"status":{"phase":"Healthy","currentPodHash":"6c9d","stableRS":"6c9d"}}`,
			[]string{"u-2:6c9d deploy succeeded [basket] in production 2026-11-21T12:00:00Z 7 commits=0 pulls=0"},
			100,
		},
		{
			"new, without status", `{"metadata":{"name":"basket","namespace":"shop","uid":"u-2"},"spec":{"strategy":{},"template":{"spec":{"containers":[]}}}}`,
			[]string{"refused: revision: is missing; send the payload as the vendor defines it"},
			0,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			rendered := renderDocumented(t, "argo-rollouts-notification-configmap", "rollout", c.rollout)
			batch, rejected := decodeAs(t, "argo-rollouts", headers(), rendered)
			if diff := cmp.Diff(c.want, keyFields(batch, rejected)); diff != "" {
				t.Fatalf("(-want +got):\n%s\nrendered: %s", diff, rendered)
			}
			if c.percent > 0 && batch.Changes[0].Rollout[0].Percent != c.percent {
				t.Errorf("rollout = %+v", batch.Changes[0].Rollout)
			}
		})
	}
}

func TestNotificationsOfARolloutFoldIntoItsCourse(t *testing.T) {
	events := decodedChanges(t, "argo-rollouts", "completed", "updated", "without_router", "step_done")
	for range 2 {
		folded := event.FoldChanges(events)
		if len(folded) != 1 {
			t.Fatalf("%d changes", len(folded))
		}
		c := folded[0]
		var percents []float64
		for _, step := range c.Rollout {
			percents = append(percents, step.Percent)
		}
		if diff := cmp.Diff([]float64{10, 50, 100}, percents); diff != "" {
			t.Errorf("steps (-want +got):\n%s", diff)
		}
		begin := time.Date(2026, 11, 19, 9, 0, 10, 0, time.UTC)
		if c.Status != correlate.StatusSucceeded || !c.StartedAt.Equal(begin) || c.FinishedAt.Sub(begin) != 19*time.Minute+50*time.Second {
			t.Errorf("change = %+v", c)
		}
		events[0], events[3] = events[3], events[0]
	}
}

func TestAbortedRolloutKeepsTheStepsThatReachedPeople(t *testing.T) {
	folded := event.FoldChanges(decodedChanges(t, "argo-rollouts", "updated", "step_done", "aborted"))
	c := folded[0]
	if len(folded) != 1 || c.Status != correlate.StatusRolledBack || len(c.Rollout) != 1 || c.Rollout[0].Percent != 10 {
		t.Errorf("change = %+v", folded)
	}
	if want := time.Date(2026, 11, 19, 9, 8, 58, 0, time.UTC); !c.FinishedAt.Equal(want) {
		t.Errorf("finished = %s", c.FinishedAt)
	}
}

func TestTagOfAnImageIsItsVersion(t *testing.T) {
	for image, want := range map[string]string{
		"shop/checkout:4.2.0": "4.2.0", "registry:5000/shop/checkout": "", "registry:5000/shop/checkout:7": "7",
		"checkout@sha256:ab": "", "checkout:7@sha256:ab": "7", "": "",
	} {
		if got := imageTag([]string{image, "mesh:1"}); got != want {
			t.Errorf("%q = %q, want %q", image, got, want)
		}
	}
	if got := imageTag(nil); got != "" {
		t.Errorf("no image = %q", got)
	}
}

func TestWeightOfARolloutStaysWithinBounds(t *testing.T) {
	for weight, want := range map[float64]float64{-5: 0, 0: 0, 33: 33, 1e9: 100} {
		r := argoRollout{Weight: &weight}
		if got := r.percent(correlate.StatusInProgress); got != want {
			t.Errorf("%v = %v, want %v", weight, got, want)
		}
	}
	far := 1 << 40
	if got := (&argoRollout{Step: &far}).percent(correlate.StatusInProgress); got != 0 {
		t.Errorf("a step beyond all = %v", got)
	}
}
