//go:build labelled

package eval

import (
	"testing"

	"github.com/faultline/faultline/internal/testenv"
)

// The shares of these rules on the project's cases are known from an
// independent computation.
func TestBaselinesReproduceKnownShares(t *testing.T) {
	cases, err := ReadCases(t.Context(), []string{testenv.Labelled(t, "outages.jsonl.gz")}, nil)
	if err != nil {
		t.Fatal(err)
	}
	var outcomes []Outcome
	for i := range cases {
		outcomes = append(outcomes, Score(&cases[i], baselines(), Parts{})...)
	}
	want := map[string][3]string{
		NameRecency:         {"0.340", "0.604", "0.679"},
		NameTopologyRecency: {"0.113", "0.113", "0.226"},
	}
	for _, f := range NewReport(outcomes).Rankers {
		got := [3]string{f.HitAt1.String(), f.HitAt3.String(), f.HitAt5.String()}
		if w, ok := want[f.Name]; ok && got != w {
			t.Errorf("%s hits %v, want %v", f.Name, got, w)
		}
	}
}
