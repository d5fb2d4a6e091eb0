package simulate

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

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
		delete(outages, "monitoring")
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

func TestEachKindOfStormIsWhatItSays(t *testing.T) {
	kinds := map[string]int{}
	for _, s := range storms(t) {
		kinds[s.Kind]++
		episodes, dark, again := map[string]int{}, map[string]bool{}, 0
		for i := range s.Alerts {
			a := &s.Alerts[i]
			if s.Truth[a.Key()] == "monitoring" {
				dark[a.Service] = true
			} else if s.Truth[a.Key()] != "" {
				episodes[a.Fingerprint]++
				again += boolean(episodes[a.Fingerprint] > 1)
			}
		}
		if monitoring := s.Kind == string(stormMonitoring); monitoring != (len(dark) > 0) || monitoring && float64(len(dark)) < leastDark*400 {
			t.Errorf("%s of kind %s has %d services without data", s.Name, s.Kind, len(dark))
		}
		if s.Kind == string(stormFlapping) && again == 0 {
			t.Errorf("%s does not flap", s.Name)
		}
	}
	if kinds[string(stormOutages)] != 16 || len(kinds) != 4 {
		t.Errorf("kinds %v", kinds)
	}
}

// Of monitoring that fails, and of the outages beside it, hardly anything may be
// lost: they tell apart what hundreds of alerts are of.
func TestFailingMonitoringHidesNoOutage(t *testing.T) {
	var score eval.GroupingScore
	for _, s := range storms(t) {
		if s.Kind == string(stormMonitoring) {
			score.Add(s, correlate.DefaultGroupConfig())
		}
	}
	f := score.Figures()
	t.Logf("%d alerts, %d outages, %d incidents: purity %v, completeness %v", f.Alerts, f.Outages, f.Incidents, f.Purity, f.Completeness)
	if f.Purity < 0.8 || f.Completeness < 0.95 || float64(f.Incidents) > 1.5*float64(f.Outages) {
		t.Errorf("purity %v, completeness %v, %d incidents of %d outages", f.Purity, f.Completeness, f.Incidents, f.Outages)
	}
}

func TestStormsComeBackAsTheyWereWritten(t *testing.T) {
	var file bytes.Buffer
	written := storms(t)[:6]
	for _, s := range written {
		if err := eval.WriteStorm(&file, s); err != nil {
			t.Fatal(err)
		}
	}
	var read []*eval.Storm
	err := eval.EachStorm(t.Context(), []string{eval.StdinName}, &file, func(s *eval.Storm) error {
		read = append(read, s)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(written, read, cmpopts.EquateEmpty()); diff != "" {
		t.Error(diff)
	}
}
