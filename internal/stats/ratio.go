package stats

import "math"

// Table is a two-by-two table: A events among N1 that were exposed, B events
// among N0 that were not. Counts are floats because corrected counts are.
type Table struct {
	A, N1 float64
	B, N0 float64
}

// valid reports whether the table can have been counted.
func (t Table) valid() bool { return t.A >= 0 && t.B >= 0 && t.A <= t.N1 && t.B <= t.N0 }

// Plus adds two tables cell by cell.
func (t Table) Plus(o Table) Table {
	return Table{A: t.A + o.A, N1: t.N1 + o.N1, B: t.B + o.B, N0: t.N0 + o.N0}
}

// Collapse adds up strata as if there were none.
func Collapse(strata []Table) Table {
	var all Table
	for _, t := range strata {
		all = all.Plus(t)
	}
	return all
}

// RiskRatio is the crude ratio of the two risks with the interval that is
// symmetric on the logarithmic scale. It has no answer while an arm has no
// event; ExactRatio does.
//
// D. Katz et al., Obtaining confidence intervals for the risk ratio in cohort
// studies, Biometrics 34 (1978) 469.
func RiskRatio(t Table, level float64) (Estimate, bool) {
	if !t.valid() || t.A == 0 || t.B == 0 {
		return Estimate{}, false
	}
	se := math.Sqrt(1/t.A - 1/t.N1 + 1/t.B - 1/t.N0)
	return logEstimate(math.Log(t.A/t.N1)-math.Log(t.B/t.N0), se, twoSided(level)), true
}

// EValue is how strongly an unmeasured cause would have to be associated with
// both exposure and outcome, as a risk ratio, to explain a risk ratio away.
//
// T. J. VanderWeele, P. Ding, Sensitivity analysis in observational research:
// introducing the E-value, Annals of Internal Medicine 167 (2017) 268.
func EValue(ratio float64) float64 {
	if ratio < 1 {
		ratio = 1 / ratio
	}
	return ratio + math.Sqrt(ratio*(ratio-1))
}
