package stats

import "math"

// MantelHaenszel is the risk ratio common to strata, with the variance of its
// logarithm that holds for few large and for many sparse strata alike. Strata
// without an exposed or without an unexposed unit say nothing and are passed
// over. There is no answer while one arm has no event in any stratum left.
//
// N. Mantel, W. Haenszel, J. Natl. Cancer Inst. 22 (1959) 719; variance:
// S. Greenland, J. M. Robins, Estimation of a common effect parameter from
// sparse follow-up data, Biometrics 41 (1985) 55, equation 13.
func MantelHaenszel(strata []Table, level float64) (Estimate, bool) {
	var r, s, v float64
	for _, t := range strata {
		if !informative(t) {
			continue
		}
		n := t.N1 + t.N0
		r += t.A * t.N0 / n
		s += t.B * t.N1 / n
		v += ((t.A+t.B)*t.N1*t.N0 - t.A*t.B*n) / (n * n)
	}
	if r == 0 || s == 0 {
		return Estimate{}, false
	}
	return logEstimate(math.Log(r)-math.Log(s), math.Sqrt(v/(r*s)), twoSided(level)), true
}

// MantelHaenszelOdds is the odds ratio common to strata. For rare events it
// equals the risk ratio; the two are printed side by side as a check.
//
// Variance: J. Robins, N. Breslow, S. Greenland, Estimators of the
// Mantel-Haenszel variance consistent in both sparse data and large-strata
// limiting models, Biometrics 42 (1986) 311.
func MantelHaenszelOdds(strata []Table, level float64) (Estimate, bool) {
	var r, s, pr, ps, qs float64
	for _, t := range strata {
		if !informative(t) {
			continue
		}
		n := t.N1 + t.N0
		ri, si := t.A*(t.N0-t.B)/n, t.B*(t.N1-t.A)/n
		p, q := (t.A+t.N0-t.B)/n, (t.B+t.N1-t.A)/n
		r += ri
		s += si
		pr += p * ri
		ps += p*si + q*ri
		qs += q * si
	}
	if r == 0 || s == 0 {
		return Estimate{}, false
	}
	v := pr/(2*r*r) + ps/(2*r*s) + qs/(2*s*s)
	return logEstimate(math.Log(r)-math.Log(s), math.Sqrt(v), twoSided(level)), true
}

// informative reports whether a stratum compares anything.
func informative(t Table) bool { return t.valid() && t.N1 > 0 && t.N0 > 0 }

// Informative counts the strata that have both arms and an event, and the units
// in strata that lack an arm and so compare nothing.
func Informative(strata []Table) (used int, unitsOutside float64) {
	for _, t := range strata {
		switch {
		case !informative(t):
			unitsOutside += t.N1 + t.N0
		case t.A+t.B > 0:
			used++
		}
	}
	return used, unitsOutside
}
