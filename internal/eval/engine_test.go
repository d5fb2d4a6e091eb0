package eval

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/faultline/faultline/correlate"
)

func namedLines(t *testing.T, names ...string) string {
	t.Helper()
	var b strings.Builder
	for _, name := range names {
		data, err := json.Marshal(Case{Name: name, Record: shopRecord(), Causes: []string{"running"}})
		if err != nil {
			t.Fatal(err)
		}
		b.Write(append(data, '\n'))
	}
	return b.String()
}

func TestTheOnlyCaseNeedsNoName(t *testing.T) {
	for asked, names := range map[string][]string{"": {"second"}, "second": {"first", "second", "third"}} {
		in := strings.NewReader(namedLines(t, names...))
		f, err := AttributeNamed(t.Context(), StdinName, asked, in, correlate.DefaultWeights())
		if err != nil || f.Incident != "second" || len(f.Suspects) == 0 {
			t.Errorf("asked for %q: incident %q with %d suspects, %v", asked, f.Incident, len(f.Suspects), err)
		}
	}
}

// TestOfSeveralCasesNoneIsTakenUnasked: an answer about another incident than the
// one that was meant looks like any other answer.
func TestOfSeveralCasesNoneIsTakenUnasked(t *testing.T) {
	for asked, want := range map[string]string{"": `the first are "one" and "two"; choose one with --name`, "one": `several cases called "one"`} {
		in := strings.NewReader(namedLines(t, "one", "two", "one"))
		f, err := AttributeNamed(t.Context(), StdinName, asked, in, correlate.DefaultWeights())
		if err == nil || !strings.Contains(err.Error(), want) || len(f.Suspects) > 0 {
			t.Errorf("asked for %q: %v, incident %q", asked, err, f.Incident)
		}
	}
}

func TestMissingCaseSaysWhatToDo(t *testing.T) {
	w := correlate.DefaultWeights()
	if _, err := AttributeNamed(t.Context(), StdinName, "third", strings.NewReader(namedLines(t, "first")), w); err == nil || !strings.Contains(err.Error(), `"third"`) {
		t.Errorf("error %v", err)
	}
	if _, err := AttributeNamed(t.Context(), StdinName, "", strings.NewReader("\n"), w); err == nil || !strings.Contains(err.Error(), "no case") {
		t.Errorf("error %v", err)
	}
	if _, err := AttributeNamed(t.Context(), StdinName, "", strings.NewReader("{"), w); err == nil || !strings.Contains(err.Error(), "stdin:1") {
		t.Errorf("error %v", err)
	}
}

// The indexes that are built ahead must not alter the answer.
func TestRankAndIndexGiveOneAnswer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		record := drawRecord(t)
		r := NewEngineRanker(NameEngine, correlate.DefaultWeights())
		if diff := cmp.Diff(r.Rank(record.View(Parts{})), r.Index(record.View(Parts{}))()); diff != "" {
			t.Fatal(diff)
		}
	})
}

// Findings round probabilities for display, so that a sum may pass one a little.
func TestProbabilitiesSumToAtMostOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		record := drawRecord(t)
		answer := NewEngineRanker(NameEngine, correlate.DefaultWeights()).Rank(record.View(Parts{}))
		sum := answer.NoChange
		for i, s := range answer.Suspects {
			sum += s.Probability
			if i > 0 && s.Score > answer.Suspects[i-1].Score {
				t.Fatalf("suspects are out of order: %+v", answer.Suspects)
			}
		}
		if sum > 1+1e-4 || math.IsNaN(sum) {
			t.Fatalf("probabilities sum to %v", sum)
		}
	})
}

func TestIncidentHoldsAllAlertsOfTheCase(t *testing.T) {
	record := shopRecord()
	view := record.View(Parts{})
	in := incidentOf(&view)
	if len(in.Alerts) != 2 || in.Severity != correlate.SeverityCritical || !in.StartedAt.Equal(at(-70)) {
		t.Errorf("incident %+v", in)
	}
	if diff := cmp.Diff([]string{"disk-host", "web"}, in.Services); diff != "" {
		t.Error(diff)
	}
}

// Withheld times must not come back through the engine's timing term.
func TestEngineDoesNotTimeWhatHasNoTimes(t *testing.T) {
	record := shopRecord()
	f := NewEngineRanker(NameEngine, correlate.DefaultWeights()).Finding(record.View(Parts{Time: true}))
	for _, s := range f.Suspects {
		for _, e := range s.Evidence {
			if e.Kind == correlate.EvidenceTiming && e.LogOdds != 0 {
				t.Errorf("%s: %+v", s.Change.ID, e)
			}
		}
	}
}
