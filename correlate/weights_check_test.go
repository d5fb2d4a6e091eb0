package correlate

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTheWeightsThatShipAreSound(t *testing.T) {
	w := DefaultWeights()
	if err := w.Check(); err != nil {
		t.Error(err)
	}
}

func TestBadWeightsAreNamedWithTheirMend(t *testing.T) {
	for _, tc := range []struct {
		says  string
		alter func(w *Weights)
	}{
		{"no_change_odds is 0; set it above 0", func(w *Weights) { w.NoChangeOdds = 0 }},
		{"busy_power is 2; set it from 0 to 1", func(w *Weights) { w.BusyPower = 2 }},
		{"mention_power is -1; set it from 0 to 1", func(w *Weights) { w.MentionPower = -1 }},
		{"topology.felt_by is 0; set it above 0", func(w *Weights) { w.Topology.FeltBy = 0 }},
		{"topology.name_traced is 2; set it from 0 to 1", func(w *Weights) { w.Topology.NameTraced = 2 }},
		{"topology.self is 1.5; set it from 0.001 to 0.999", func(w *Weights) { w.Topology.Self = 1.5 }},
		{"topology.relay is 2; set it from 0 to 1", func(w *Weights) { w.Topology.Relay = 2 }},
		{"metrics.alerts_beside is -1; set it from 0 to 1", func(w *Weights) { w.Metrics.AlertsBeside = -1 }},
		{"topology.cascade (the sum of its priors) is 0; set it from 0.99 to 1.01", func(w *Weights) { w.Topology.Cascade = nil }},
		{"timing.delay (its parts) is 0; set it to at least 1", func(w *Weights) { w.Timing.Delay = nil }},
		{"timing.delay.0.sigma is 0; set it above 0", func(w *Weights) { w.Timing.Delay = []DelayPart{{Share: 1, MedianSeconds: 60}} }},
		{"timing.step_delay.0.median_seconds is 0; set it above 0", func(w *Weights) { w.Timing.StepDelay = []DelayPart{{Share: 1, Sigma: 1}} }},
		{"timing.kind_delay.model.1.share is -1; set it above 0", func(w *Weights) {
			w.Timing.KindDelay = map[ChangeKind][]DelayPart{KindModel: {{1, 60, 1}, {-1, 60, 1}}}
		}},
		{"limits.shortlist is 0; set it to at least 1", func(w *Weights) { w.Limits.Shortlist = 0 }},
		{"undo.lasts_seconds is 0; set it above 0", func(w *Weights) { w.Undo.LastsSeconds = 0 }},
		{"outside.0.factor is 2; set it from 0.001 to 1", func(w *Weights) { w.Outside = []OutsideSign{{Factor: 2}} }},
		{"text.affinities.0.others is 0; set it above 0", func(w *Weights) { w.Text.Affinities = []Affinity{{Factor: 1}} }},
		{"calibration.first.slope is -1; set it from 0 to 20", func(w *Weights) { w.Calibration.First.Slope = -1 }},
		{"kind_share.deploy is 0; set it above 0", func(w *Weights) { w.KindShare = map[ChangeKind]float64{KindDeploy: 0} }},
	} {
		w := DefaultWeights()
		tc.alter(&w)
		if err := w.Check(); err == nil || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("want %q, got %v", tc.says, err)
		}
	}
}

func TestWeightsSurviveJSON(t *testing.T) {
	want := DefaultWeights()
	data, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var got Weights
	if err := json.Unmarshal(data, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-written +read)\n%s", diff)
	}
}
