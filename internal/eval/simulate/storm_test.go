package simulate

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/eval"
)

func stormOptions() Options {
	return Options{Seed: 11, Services: 400, ChangesPerDay: 40, Days: 14, Incidents: 40, NoChangeShare: 0.4}
}

func storms(t *testing.T) []*eval.Storm {
	t.Helper()
	var out []*eval.Storm
	err := EachStorm(t.Context(), stormOptions(), func(s *eval.Storm) error {
		out = append(out, s)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestStormHoldsSeveralOutagesAndNoise(t *testing.T) {
	noisy := 0
	for _, s := range storms(t) {
		outages := map[string]int{}
		noise := 0
		for i := range s.Alerts {
			a := &s.Alerts[i]
			if a.Fingerprint != a.DefaultFingerprint() {
				t.Fatalf("%s: an alert has no fingerprint", s.Name)
			}
			if outage, ok := s.Truth[a.Key()]; ok {
				outages[outage]++
			} else {
				noise++
			}
		}
		noisy += boolean(noise > 0)
		if len(outages) < fewestOutages || len(outages) > mostOutages {
			t.Errorf("%s holds %d outages", s.Name, len(outages))
		}
		if len(s.Topology.Edges) == 0 {
			t.Errorf("%s shows no calls", s.Name)
		}
	}
	if noisy == 0 {
		t.Error("no storm has noise")
	}
}

func TestStormsOfOneSeedAreTheSame(t *testing.T) {
	if diff := cmp.Diff(storms(t)[:3], storms(t)[:3]); diff != "" {
		t.Error(diff)
	}
}

func TestStormsStopWhenAskedOrRefused(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	never := func(*eval.Storm) error { t.Error("a storm was made"); return nil }
	if err := EachStorm(ctx, stormOptions(), never); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if err := EachStorm(t.Context(), Options{}, never); err == nil {
		t.Error("empty options were accepted")
	}
	refusal := errors.New("enough")
	if err := EachStorm(t.Context(), stormOptions(), func(*eval.Storm) error { return refusal }); !errors.Is(err, refusal) {
		t.Errorf("error %v", err)
	}
}

// The floors lie well below what was measured; they catch a grouper that lumps
// everything together or leaves every alert alone.
func TestGroupingOfStormsIsNeitherLumpedNorScattered(t *testing.T) {
	var score eval.GroupingScore
	for _, s := range storms(t) {
		score.Add(s, correlate.DefaultGroupConfig())
	}
	f := score.Figures()
	t.Logf("%d storms, %d alerts, %d outages, %d incidents: purity %v, completeness %v",
		f.Storms, f.Alerts, f.Outages, f.Incidents, f.Purity, f.Completeness)
	if f.Purity < 0.35 || f.Completeness < 0.35 {
		t.Errorf("purity %v, completeness %v", f.Purity, f.Completeness)
	}
}
