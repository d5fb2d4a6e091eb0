package stats

import (
	"math"

	"gonum.org/v1/gonum/mathext"
)

// Test is a chi-squared test.
type Test struct {
	Statistic float64
	Degrees   int
	P         float64
	// Strata is how many strata were dense enough to be tested.
	Strata int
}

// minExpected is the expected count in each cell below which a stratum is too
// sparse for a chi-squared test (W. G. Cochran, Some methods for strengthening
// the common chi-squared tests, Biometrics 10 (1954) 417).
const minExpected = 1

// Homogeneity tests whether one odds ratio fits all strata, as one pooled ratio
// supposes. Strata too sparse to tell are left out; there is no answer with
// fewer than two left.
//
// N. E. Breslow, N. E. Day, Statistical Methods in Cancer Research I (1980),
// equation 4.30, with the correction of R. E. Tarone, On heterogeneity tests
// based on efficient scores, Biometrika 72 (1985) 91.
func Homogeneity(strata []Table) (Test, bool) {
	dense := denseStrata(strata)
	common, ok := MantelHaenszelOdds(dense, 0.95)
	if !ok || len(dense) < 2 {
		return Test{Strata: len(dense)}, false
	}
	var chi, excess, variance float64
	for _, t := range dense {
		expected := expectedEvents(t, common.Value)
		v := eventVariance(t, expected)
		chi += (t.A - expected) * (t.A - expected) / v
		excess += t.A - expected
		variance += v
	}
	chi -= excess * excess / variance
	df := len(dense) - 1
	return Test{Statistic: chi, Degrees: df, Strata: len(dense), P: mathext.GammaIncRegComp(float64(df)/2, math.Max(chi, 0)/2)}, true
}

// denseStrata keeps the strata whose four expected counts are large enough.
func denseStrata(strata []Table) []Table {
	var dense []Table
	for _, t := range strata {
		n, events := t.N1+t.N0, t.A+t.B
		if informative(t) && min(events, n-events)*min(t.N1, t.N0)/n >= minExpected {
			dense = append(dense, t)
		}
	}
	return dense
}

// expectedEvents is the number of exposed events that fits the margins of the
// table and an odds ratio: the root of a quadratic that lies in the table.
func expectedEvents(t Table, odds float64) float64 {
	events := t.A + t.B
	if math.Abs(odds-1) < 1e-12 {
		return events * t.N1 / (t.N1 + t.N0)
	}
	a := 1 - odds
	b := t.N0 - events + odds*(t.N1+events)
	c := -odds * t.N1 * events
	root := math.Sqrt(b*b - 4*a*c)
	// This form of the solution does not cancel near odds of one.
	return -2 * c / (b + root)
}

// eventVariance is the variance of the exposed events given the margins.
func eventVariance(t Table, a float64) float64 {
	b := t.A + t.B - a
	return 1 / (1/a + 1/b + 1/(t.N1-a) + 1/(t.N0-b))
}
