package clickhouse_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/clickhouse"
	"github.com/faultline/faultline/internal/query"
)

// findingAbout is a version of a finding with suspects in their order.
func findingAbout(incident string, version int, suspects ...string) correlate.Finding {
	f := correlate.Finding{
		Incident: incident, Version: version, AsOf: noon.Add(time.Duration(version) * time.Minute), Verdict: correlate.VerdictPossible, NoChangeProbability: 0.25,
	}
	for i, id := range suspects {
		f.Suspects = append(f.Suspects, correlate.Suspect{
			Change: correlate.Change{ID: id, Source: "ci", Kind: correlate.KindConfig, Title: "it's " + id + "\n\"quoted\"", StartedAt: noon}, Rank: i + 1, Probability: 0.5 / float64(i+1),
		})
	}
	return f
}

func saveFindings(t *testing.T, s *clickhouse.Store, all ...correlate.Finding) {
	t.Helper()
	for range 2 {
		if err := s.SaveFindings(t.Context(), all); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAHeadlineIsOfTheNewestFinding(t *testing.T) {
	onEveryDoor(t, func(t *testing.T, s *clickhouse.Store) {
		none := findingAbout("inc-2", 1)
		none.Verdict, none.NoChangeProbability = correlate.VerdictNoChange, 1
		saveFindings(t, s, findingAbout("inc-1", 1, "old"), findingAbout("inc-1", 2, "new", "old"), none)
		got, err := s.Headlines(t.Context(), []string{"inc-1", "inc-2", "inc-unknown"})
		if err != nil {
			t.Fatal(err)
		}
		want := []query.Headline{
			{Incident: "inc-1", Version: 2, Verdict: correlate.VerdictPossible, NoChangeProbability: 0.25, Change: correlate.Key{Source: "ci", ID: "new"}, Kind: correlate.KindConfig, Title: "it's new\n\"quoted\"", Probability: 0.5},
			{Incident: "inc-2", Version: 1, Verdict: correlate.VerdictNoChange, NoChangeProbability: 1},
		}
		if diff := cmp.Diff(want, got, cmpopts.SortSlices(func(a, b query.Headline) bool { return a.Incident < b.Incident })); diff != "" {
			t.Error(diff)
		}
		if got, err := s.Headlines(t.Context(), nil); err != nil || got != nil {
			t.Errorf("of nothing: %+v, %v", got, err)
		}
	})
}

func TestASuspicionIsOfTheNewestFinding(t *testing.T) {
	onEveryDoor(t, func(t *testing.T, s *clickhouse.Store) {
		saveFindings(t, s, findingAbout("inc-1", 1, "a", "b"), findingAbout("inc-1", 2, "b"), findingAbout("inc-2", 3, "c", "b"))
		for id, want := range map[string][]query.Suspicion{
			"a": nil, // The newest finding dropped it.
			"b": {{Incident: "inc-2", Version: 3, Rank: 2, Probability: 0.25}, {Incident: "inc-1", Version: 2, Rank: 1, Probability: 0.5}},
			"c": {{Incident: "inc-2", Version: 3, Rank: 1, Probability: 0.5}},
		} {
			got, err := s.Suspicions(t.Context(), correlate.Key{Source: "ci", ID: id})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s: %s", id, diff)
			}
		}
		if got, err := s.Suspicions(t.Context(), correlate.Key{Source: "other", ID: "b"}); err != nil || got != nil {
			t.Errorf("of another source: %+v, %v", got, err)
		}
		a, b, c := correlate.Key{Source: "ci", ID: "a"}, correlate.Key{Source: "ci", ID: "b"}, correlate.Key{Source: "ci", ID: "c"}
		asked := []correlate.Key{a, b, c, {Source: "other", ID: "b"}, {Source: "b", ID: "ci"}}
		got, err := s.Suspected(t.Context(), asked)
		if diff := cmp.Diff(map[correlate.Key][]string{b: {"inc-2", "inc-1"}, c: {"inc-2"}}, got); err != nil || diff != "" {
			t.Errorf("of many: %v %s", err, diff)
		}
		merged := incidentAt("inc-2", 2, noon)
		merged.Status, merged.MergedInto = correlate.IncidentMerged, "inc-1"
		save(t, s, incidentAt("inc-1", 1, noon), incidentAt("inc-2", 1, noon), merged)
		got, err = s.Suspected(t.Context(), asked)
		if diff := cmp.Diff(map[correlate.Key][]string{b: {"inc-1"}}, got); err != nil || diff != "" {
			t.Errorf("with one merged: %v %s", err, diff)
		}
		if got, err := s.Suspected(t.Context(), nil); err != nil || got != nil {
			t.Errorf("of none: %+v, %v", got, err)
		}
	})
}
