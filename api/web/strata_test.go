package web

import (
	"math"
	"strings"
	"testing"

	"github.com/faultline/faultline/internal/figures"
)

func stratum(values []string, weight, value, lo, hi float64) figures.StratumLine {
	return figures.StratumLine{Values: values, Strata: 1, Exposed: figures.Tally{Events: 3, Changes: 1200}, Unexposed: figures.Tally{Events: 2, Changes: 900}, Ratio: &figures.Ratio{Value: &value, Lo: lo, Hi: &hi}, Weight: weight}
}

func TestTheForestHasEachStratumAndWhatTheyComeTo(t *testing.T) {
	silent := stratum([]string{"tier 3", "feature_flag"}, 0.1, 0, 0, 0)
	silent.Ratio = nil
	rest := stratum([]string{"all others"}, 0.2, 1.1, 0.5, 2.2)
	rest.Strata = 12
	value, hi := 1.4, 2.1
	c := figures.Comparison{
		Strata:   figures.Strata{Lines: []figures.StratumLine{stratum([]string{"tier 1", "deploy"}, 0.7, 2, 1.1, 3.6), silent, rest}},
		Adjusted: &figures.Ratio{Value: &value, Lo: 0.9, Hi: &hi},
	}
	p := strataForest(&c, "Strata")
	drawn := p.Drawings[0].Rows
	if len(p.Rows) != 4 || !drawn[3].Strong || drawn[3].Diamond == "" || p.Rows[3].Value != "1.40" {
		t.Fatalf("rows: %+v", p.Rows)
	}
	if drawn[0].R <= drawn[2].R || p.Rows[0].Full != "tier 1, deploy" || p.Rows[0].Count != "3 of 1,200 against 2 of 900, weight 70%" {
		t.Errorf("the first: %+v", p.Rows[0])
	}
	if p.Rows[1].HasValue || p.Rows[1].Note != "one group has no incident" || p.Rows[1].Full != "tier 3, feature flag" {
		t.Errorf("without a ratio: %+v", p.Rows[1])
	}
	if p.Rows[2].Full != "all others (12 strata)" {
		t.Errorf("the rest: %q", p.Rows[2].Full)
	}
	if strataForest(&figures.Comparison{}, "x") != nil {
		t.Error("nothing is drawn as something")
	}
}

func TestLongAndHostileStrataKeepToTheirRoom(t *testing.T) {
	c := figures.Comparison{Strata: figures.Strata{Lines: []figures.StratumLine{stratum([]string{"\u202etier 1", strings.Repeat("W", 5000)}, 1, math.Inf(1), 0, math.Inf(1))}}}
	p := strataForest(&c, "Strata")
	first := p.Drawings[0].Rows[0]
	if n := len([]rune(first.Label)); n > plotShapes[0].letters || strings.ContainsRune(p.Rows[0].Full, '\u202e') || len(p.Rows[0].Full) > 1000 {
		t.Errorf("%d letters: %q", n, first.Label)
	}
	if !first.OpenEnded || first.HiX > p.Drawings[0].Width {
		t.Errorf("without bound: %+v", p.Rows[0])
	}
}

func TestWordsSayWhetherStrataDiffer(t *testing.T) {
	for words, h := range map[string]*figures.Homogeneity{
		"Too few":                                 nil,
		"differ by more than chance (p = 0.010":   {P: 0.01, Strata: 7},
		"differ by no more than chance (p = 0.41": {P: 0.41, Strata: 7},
	} {
		if got := homogeneityWords(&figures.Comparison{Homogeneity: h}); !strings.Contains(got, words) {
			t.Errorf("%v: %s", h, got)
		}
	}
}

func TestMarksGrowWithTheirWeightByArea(t *testing.T) {
	if markRadius(0) != 4.5 || markRadius(1) != 9.5 || markRadius(2) != 9.5 {
		t.Errorf("radii %v %v %v", markRadius(0), markRadius(1), markRadius(2))
	}
	last := 0.0
	for i := 1; i <= 10; i++ {
		if r := markRadius(float64(i) / 10); r <= last {
			t.Errorf("a weight of %d tenths has the radius %v after %v", i, r, last)
		} else {
			last = r
		}
	}
}
