package correlate_test

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/eval"
	"github.com/faultline/faultline/internal/eval/simulate"
)

// What a small alteration of a case may do to the answer, and what not.

// fewCompanies are some simulated cases, for laws that ask several times a case.
func fewCompanies(t *testing.T) []eval.Case {
	t.Helper()
	var out bytes.Buffer
	o := simulate.Options{Seed: 77, Services: 60, ChangesPerDay: 40, Days: 4, Incidents: 14, NoChangeShare: 0.25}
	if err := simulate.Run(t.Context(), o, &out); err != nil {
		t.Fatal(err)
	}
	cases, err := eval.ReadCases(t.Context(), []string{eval.StdinName}, &out)
	if err != nil {
		t.Fatal(err)
	}
	return cases
}

// odds of a suspect against "no recorded change", without the map that experience
// adds: minus infinity where it is not listed.
func odds(f *correlate.Finding, id string) float64 {
	for i := range f.Suspects {
		if f.Suspects[i].Change.ID == id {
			sum := 0.0
			for _, ev := range f.Suspects[i].Evidence {
				if !strings.HasPrefix(ev.Text, "Calibration") {
					sum += ev.LogOdds
				}
			}
			return sum
		}
	}
	return math.Inf(-1)
}

// timing is what the time says of a suspect.
func timing(f *correlate.Finding, id string) float64 {
	for i := range f.Suspects {
		for _, ev := range f.Suspects[i].Evidence {
			if f.Suspects[i].Change.ID == id && ev.Kind == correlate.EvidenceTiming {
				return ev.LogOdds
			}
		}
	}
	return math.Inf(-1)
}

// An older change is never more suspect for being older: the first suspect, moved
// back by hours and days, must lose what time says for it.
func TestMovingAChangeAwayInTimeNeverRaisesWhatTimeSays(t *testing.T) {
	for _, c := range fewCompanies(t) {
		first := judge(&c)
		if len(first.Suspects) == 0 || len(first.Suspects[0].Change.Rollout) > 0 {
			continue
		}
		top := first.Suspects[0].Change
		last := timing(&first, top.ID)
		for _, back := range []time.Duration{6 * time.Hour, 30 * time.Hour, 9 * 24 * time.Hour} {
			moved := c
			moved.Changes = slices.Clone(c.Changes)
			for i := range moved.Changes {
				if moved.Changes[i].ID == top.ID {
					x := &moved.Changes[i]
					x.StartedAt = x.StartedAt.Add(-back)
					if x.FinishedAt != nil {
						end := x.FinishedAt.Add(-back)
						x.FinishedAt = &end
					}
				}
			}
			f := judge(&moved)
			now := timing(&f, top.ID)
			if now > last+1e-9 {
				t.Errorf("%s: %s back by %s: time says %.3f, before %.3f", c.Name, top.ID, back, now, last)
			}
			last = now
		}
	}
}

// Ids and sources are names and nothing else. Ties are broken by them, so that
// only probabilities by rank are compared.
func TestRenamingEveryChangeChangesNothing(t *testing.T) {
	for _, c := range fewCompanies(t) {
		want := judge(&c)
		renamed := c
		renamed.Changes = slices.Clone(c.Changes)
		for i := range renamed.Changes {
			x := &renamed.Changes[i]
			x.ID = "renamed-" + reversed(x.ID)
			if x.RollbackOf != "" {
				x.RollbackOf = "renamed-" + reversed(x.RollbackOf)
			}
		}
		got := judge(&renamed)
		if math.Abs(want.NoChangeProbability-got.NoChangeProbability) > 2e-6 || len(want.Suspects) != len(got.Suspects) {
			t.Fatalf("%s: no change %.6f with %d suspects, renamed %.6f with %d", c.Name, want.NoChangeProbability, len(want.Suspects), got.NoChangeProbability, len(got.Suspects))
		}
		for i := range want.Suspects {
			if math.Abs(want.Suspects[i].Probability-got.Suspects[i].Probability) > 2e-6 {
				t.Errorf("%s: rank %d has %.6f, renamed %.6f", c.Name, i+1, want.Suspects[i].Probability, got.Suspects[i].Probability)
			}
		}
	}
}

func reversed(s string) string {
	b := []byte(s)
	slices.Reverse(b)
	return string(b)
}

// A message that is delivered twice is one.
func TestTheSameAlertTwiceIsOneAlert(t *testing.T) {
	for _, c := range fewCompanies(t) {
		want := told(t, judge(&c))
		twice := c
		twice.Alerts = append(slices.Clone(c.Alerts), c.Alerts...)
		if got := told(t, judge(&twice)); got != want {
			t.Errorf("%s: with every alert twice another finding:\n%s\nwant\n%s", c.Name, got, want)
		}
	}
}

// A service that nothing calls, that calls nothing and that never changes is none
// of the incident's business. The engine spreads "some other service" over all
// that it knows, so that the odds may stir, but hardly.
func TestAnUnrelatedServiceHardlyChangesTheOdds(t *testing.T) {
	for _, c := range fewCompanies(t) {
		before := judge(&c)
		larger := c
		larger.Topology.Services = append(slices.Clone(c.Topology.Services), correlate.Service{Name: "zzz-unrelated"})
		after := judge(&larger)
		for i := range before.Suspects {
			id := before.Suspects[i].Change.ID
			if before.Suspects[i].Probability < 0.05 {
				continue // Others may take its place in the list.
			}
			if now := odds(&after, id); math.Abs(now-odds(&before, id)) > 0.1 {
				t.Errorf("%s: %s had log odds %.3f, beside an unrelated service %.3f", c.Name, id, odds(&before, id), now)
			}
		}
	}
}

// What is listed as evidence is all that there is: it adds up to the odds of each
// suspect against "no recorded change", to the rounding of each line.
func TestTheEvidenceAddsUpToTheOdds(t *testing.T) {
	for _, c := range fewCompanies(t) {
		f := judge(&c)
		if f.NoChangeProbability < 1e-4 {
			continue // Rounded to six decimals, its logarithm is no longer exact.
		}
		for _, s := range f.Suspects {
			if s.Probability < 1e-4 {
				continue
			}
			sum := 0.0
			for _, ev := range s.Evidence {
				sum += ev.LogOdds
			}
			if want := math.Log(s.Probability / f.NoChangeProbability); math.Abs(sum-want) > 0.03 {
				t.Errorf("%s: evidence of %s adds up to %.3f, the odds are %.3f", c.Name, s.Change.ID, sum, want)
			}
		}
	}
}

// A second copy of a change takes half of its guilt and not more: what the two
// have together is nearly what the one had.
func TestACopyOfAChangeSharesItsGuilt(t *testing.T) {
	for _, c := range fewCompanies(t) {
		before := judge(&c)
		if len(before.Suspects) == 0 || before.Suspects[0].Probability < 0.3 {
			continue
		}
		top := before.Suspects[0].Change
		copied := c
		copied.Changes = slices.Clone(c.Changes)
		for i := range c.Changes {
			if c.Changes[i].ID == top.ID {
				twin := c.Changes[i]
				twin.ID += "-twin"
				copied.Changes = append(copied.Changes, twin)
			}
			if c.Changes[i].Source == top.Source && c.Changes[i].RollbackOf == top.ID { // Who undoes one, undoes both.
				undo := c.Changes[i]
				undo.ID, undo.RollbackOf = undo.ID+"-twin", top.ID+"-twin"
				copied.Changes = append(copied.Changes, undo)
			}
		}
		after := judge(&copied)
		one, two := probabilityOf(&after, top.ID), probabilityOf(&after, top.ID+"-twin")
		if math.Abs(one-two) > 0.02+0.5*max(one, two)*boolean(top.RollbackOf == "") {
			t.Errorf("%s: the twins have %.3f and %.3f", c.Name, one, two)
		}
		if one+two < before.Suspects[0].Probability-0.1 {
			t.Errorf("%s: the twins have %.3f together, the one had %.3f", c.Name, one+two, before.Suspects[0].Probability)
		}
	}
}

func boolean(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func probabilityOf(f *correlate.Finding, id string) float64 {
	for i := range f.Suspects {
		if f.Suspects[i].Change.ID == id {
			return f.Suspects[i].Probability
		}
	}
	return 0
}

// Withdrawing the only other suspect must not make the first less likely.
func TestWithoutItsRivalASuspectIsNoLessLikely(t *testing.T) {
	for _, c := range fewCompanies(t) {
		before := judge(&c)
		if len(before.Suspects) < 2 {
			continue
		}
		rival := before.Suspects[1].Change
		fewer := c
		fewer.Changes = slices.DeleteFunc(slices.Clone(c.Changes), func(x correlate.Change) bool { return x.ID == rival.ID })
		after := judge(&fewer)
		id := before.Suspects[0].Change.ID
		if was, is := before.Suspects[0].Probability, probabilityOf(&after, id); is < was-0.05 {
			t.Errorf("%s: %s had %.3f, without its rival %s", c.Name, id, was, fmt.Sprintf("%.3f", is))
		}
	}
}
