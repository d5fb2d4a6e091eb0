package eval

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/faultline/faultline/correlate"
)

func TestAPreparedCaseIsJudgedLikeAFreshOne(t *testing.T) {
	for _, withheld := range []Parts{{}, {Time: true}, {Topology: true}} {
		for _, c := range manyCases(2) {
			ranker := NewEngineRanker(NameEngine, correlate.DefaultWeights())
			want := Score(&c, []Ranker{ranker}, withheld)[0]
			p := Prepare(&c, withheld)
			if p.label.Name != c.Name || len(p.label.Causes) == 0 {
				t.Errorf("prepared as %q, guilty %v", p.label.Name, len(p.label.Causes) > 0)
			}
			for range 2 {
				if diff := cmp.Diff(want, p.Judge(ranker), cmpopts.IgnoreFields(Outcome{}, "Took"), cmpopts.EquateEmpty()); diff != "" {
					t.Errorf("withheld %v: (-fresh +prepared)\n%s", withheld, diff)
				}
			}
		}
	}
}
