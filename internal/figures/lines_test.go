package figures

import (
	"math"
	"strconv"
	"testing"

	"pgregory.net/rapid"

	"github.com/faultline/faultline/internal/stats"
)

func TestStrataAreLinesTheWeightiestFirst(t *testing.T) {
	strata := []stats.Table{{A: 1, N1: 10, B: 1, N0: 10}, {A: 6, N1: 100, B: 3, N0: 100}, {A: 1, N1: 5}, {A: 0, N1: 40, B: 2, N0: 40}}
	names := [][]string{{"tier 1", "deploy"}, {"tier 2", "deploy"}, {"tier 3", "deploy"}, {"tier 2", "config"}}
	got := lines(strata, names, 0.95)
	if len(got) != 3 || got[0].Values[0] != "tier 2" || got[0].Exposed != (Tally{6, 100}) || got[0].Unexposed != (Tally{3, 100}) {
		t.Fatalf("lines: %+v", got)
	}
	if r := got[0].Ratio; r == nil || math.Abs(*r.Value-2) > 1e-9 || r.Lo >= 1 || *r.Hi <= 2 {
		t.Errorf("ratio: %+v", got[0].Ratio)
	}
	if got[1].Ratio != nil {
		t.Errorf("an arm without an event has the ratio %+v", got[1].Ratio)
	}
	if math.Abs(got[0].Weight-50.0/75) > 1e-9 {
		t.Errorf("weight %v", got[0].Weight)
	}
}

// TestLinesLoseNoStratum holds for any strata: the weights sum to one, the
// counts to the counts of what compares something, and the rest is one line.
func TestLinesLoseNoStratum(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 40).Draw(t, "strata")
		strata, names := make([]stats.Table, n), make([][]string, n)
		used, changes := 0, 0
		for i := range strata {
			n1, n0 := rapid.IntRange(0, 50).Draw(t, "n1"), rapid.IntRange(0, 50).Draw(t, "n0")
			strata[i] = stats.Table{
				A: float64(rapid.IntRange(0, n1).Draw(t, "a")), N1: float64(n1), B: float64(rapid.IntRange(0, n0).Draw(t, "b")), N0: float64(n0),
			}
			names[i] = []string{strconv.Itoa(i)}
			if n1 > 0 && n0 > 0 && strata[i].A+strata[i].B > 0 {
				used, changes = used+1, changes+n1+n0
			}
		}
		got := lines(strata, names, 0.95)
		weight, stood, counted := 0.0, 0, 0
		for i := range got {
			weight, stood, counted = weight+got[i].Weight, stood+got[i].Strata, counted+got[i].Exposed.Changes+got[i].Unexposed.Changes
			if i > 0 && got[i].Strata == 1 && got[i].Weight > got[i-1].Weight+1e-12 {
				t.Fatalf("line %d outweighs the one before", i)
			}
		}
		if stood != used || counted != changes || len(got) > maxLines+1 || used > 0 && math.Abs(weight-1) > 1e-9 {
			t.Fatalf("%d lines for %d strata, %d of %d changes, weight %v", len(got), used, counted, changes, weight)
		}
	})
}
