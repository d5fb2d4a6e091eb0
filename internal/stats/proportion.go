package stats

import "math"

// Wilson is the score interval of a proportion of events among n.
//
// E. B. Wilson, Probable inference, the law of succession, and statistical
// inference, J. Am. Stat. Assoc. 22 (1927) 209. Recommended for small n by
// Brown, Cai, DasGupta, Interval estimation for a binomial proportion,
// Statistical Science 16 (2001) 101.
func Wilson(events, n, level float64) (Estimate, bool) {
	if n <= 0 || events < 0 || events > n {
		return Estimate{}, false
	}
	z := twoSided(level)
	p, zz := events/n, z*z
	centre := (p + zz/(2*n)) / (1 + zz/n)
	half := z / (1 + zz/n) * math.Sqrt(p*(1-p)/n+zz/(4*n*n))
	out := Estimate{Value: p, SE: math.Sqrt(p * (1 - p) / n), Interval: Interval{Lo: max(0, centre-half), Hi: min(1, centre+half)}}
	// The formula gives these ends exactly; rounding must not move them.
	if events == 0 {
		out.Lo = 0
	}
	if events == n {
		out.Hi = 1
	}
	return out, true
}

// Newcombe is the difference of the risks of a table, exposed less unexposed,
// with the interval that combines the two score intervals.
//
// R. G. Newcombe, Interval estimation for the difference between independent
// proportions, Statistics in Medicine 17 (1998) 873, method 10.
func Newcombe(t Table, level float64) (Estimate, bool) {
	p1, ok1 := Wilson(t.A, t.N1, level)
	p0, ok0 := Wilson(t.B, t.N0, level)
	if !ok1 || !ok0 {
		return Estimate{}, false
	}
	d := p1.Value - p0.Value
	return Estimate{
		Value: d, SE: math.Hypot(p1.SE, p0.SE),
		Interval: Interval{
			Lo: d - math.Hypot(p1.Value-p1.Lo, p0.Hi-p0.Value),
			Hi: d + math.Hypot(p1.Hi-p1.Value, p0.Value-p0.Lo),
		},
	}, true
}
