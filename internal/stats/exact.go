package stats

import "math"

// MaxExactEvents bounds the events for which ExactRatio is meant. Above it the
// normal approximations are as good and quicker.
const MaxExactEvents = 500

// ratioBound is the largest ratio that an exact interval is looked for in.
const ratioBound = 1e6

// ExactRatio is the ratio of two rates, common to strata, by the conditional
// distribution of the exposed events given all events of each stratum, with the
// mid-P interval. It holds for any number of events, however small; for rare
// events the ratio of rates is the ratio of risks. Hi is +Inf while no event
// was unexposed, Lo is 0 while none was exposed. There is no answer without
// events, nor with more than MaxExactEvents.
//
// Crude: J. Przyborowski, H. Wilenski, Homogeneity of results in testing
// samples from Poisson series, Biometrika 31 (1940) 313. Stratified:
// D. O. Martin, H. Austin, Exact estimates for a rate ratio, Epidemiology 7
// (1996) 29. Mid-P: G. Berry, P. Armitage, Mid-P confidence intervals: a brief
// review, The Statistician 44 (1995) 417.
func ExactRatio(strata []Table, level float64) (Estimate, bool) {
	var used []Table
	var exposed, events float64
	for _, t := range strata {
		if informative(t) && t.A+t.B > 0 {
			used = append(used, t)
			exposed += t.A
			events += t.A + t.B
		}
	}
	if events == 0 || events > MaxExactEvents {
		return Estimate{}, false
	}
	tail := (1 - level) / 2
	a := int(math.Round(exposed))
	out := Estimate{Interval: Interval{Lo: 0, Hi: math.Inf(1)}}
	if exposed > 0 {
		out.Lo = findRatio(func(ratio float64) float64 { return midUpper(distribution(used, ratio), a) - tail })
	}
	if exposed < events {
		out.Hi = findRatio(func(ratio float64) float64 { return tail - midLower(distribution(used, ratio), a) })
	}
	switch exposed {
	case 0:
		out.Value = 0
	case events:
		out.Value = math.Inf(1)
	default:
		// The conditional maximum likelihood: observed equals expected.
		out.Value = findRatio(func(ratio float64) float64 { return mean(used, ratio) - exposed })
	}
	return out, true
}

// share is the chance of an event of a stratum to be an exposed one: the
// exposed share of the expected events.
func share(t Table, ratio float64) float64 { return ratio * t.N1 / (ratio*t.N1 + t.N0) }

// distribution is the probability of each number of exposed events: a sum of
// independent events, each with the chance of its stratum. They are added one at
// a time, in place, which costs half the square of their number.
func distribution(strata []Table, ratio float64) []float64 {
	out := []float64{1}
	for _, t := range strata {
		chance := share(t, ratio)
		for range int(math.Round(t.A + t.B)) {
			out = append(out, 0)
			for k := len(out) - 1; k > 0; k-- {
				out[k] = out[k]*(1-chance) + out[k-1]*chance
			}
			out[0] *= 1 - chance
		}
	}
	return out
}

// mean is the expected number of exposed events.
func mean(strata []Table, ratio float64) float64 {
	sum := 0.0
	for _, t := range strata {
		sum += math.Round(t.A+t.B) * share(t, ratio)
	}
	return sum
}

// midUpper is the chance of more than a, and half that of a.
func midUpper(p []float64, a int) float64 {
	sum := p[a] / 2
	for _, x := range p[a+1:] {
		sum += x
	}
	return sum
}

// midLower is the chance of less than a, and half that of a.
func midLower(p []float64, a int) float64 {
	sum := p[a] / 2
	for _, x := range p[:a] {
		sum += x
	}
	return sum
}

// The bracket is halved until it is as narrow as this on the logarithm, where
// the function has stopped being flat; then it is closed in on.
const (
	narrow  = 0.5
	settled = 1e-13
)

// findRatio is where the increasing function f is zero, to the last digits, or
// the bound of the ratio on whose side it would be.
func findRatio(f func(ratio float64) float64) float64 {
	lo, hi := -math.Log(ratioBound), math.Log(ratioBound)
	var below, above float64
	for hi-lo > narrow {
		mid := (lo + hi) / 2
		if v := f(math.Exp(mid)); v < 0 {
			lo, below = mid, v
		} else {
			hi, above = mid, v
		}
	}
	// An end that was never looked at is the bound; one that is zero, the answer.
	if below == 0 {
		below = f(math.Exp(lo))
	}
	if above == 0 {
		above = f(math.Exp(hi))
	}
	switch {
	case below >= 0:
		return math.Exp(lo)
	case above <= 0:
		return math.Exp(hi)
	}
	return math.Exp(closeIn(f, lo, hi, below, above))
}

// closeIn finds the zero between two points at which f is below and above it, by
// the method of C. J. F. Ridders, A new algorithm for computing a single root of
// a real continuous function, IEEE Transactions on Circuits and Systems 26
// (1979) 979.
func closeIn(f func(ratio float64) float64, lo, hi, below, above float64) float64 {
	at := math.Inf(1)
	for range 60 {
		mid := (lo + hi) / 2
		middle := f(math.Exp(mid))
		root := math.Sqrt(middle*middle - below*above)
		if middle == 0 || root == 0 {
			return mid
		}
		last := at
		at = mid - (mid-lo)*middle/root
		if math.Abs(at-last) <= settled {
			return at
		}
		v := f(math.Exp(at))
		// The narrowest of the three stretches that holds the zero is next.
		for _, point := range [][2]float64{{mid, middle}, {at, v}} {
			if point[1] < 0 && point[0] > lo {
				lo, below = point[0], point[1]
			} else if point[1] >= 0 && point[0] < hi {
				hi, above = point[0], point[1]
			}
		}
		if v == 0 {
			return at
		}
	}
	return at
}
