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
		out.Value = findRatio(func(ratio float64) float64 { return mean(distribution(used, ratio)) - exposed })
	}
	return out, true
}

// distribution is the probability of each number of exposed events: the
// convolution over strata of binomials whose chance is the exposed share of
// the expected events.
func distribution(strata []Table, ratio float64) []float64 {
	out := []float64{1}
	for _, t := range strata {
		share := ratio * t.N1 / (ratio*t.N1 + t.N0)
		out = convolve(out, binomial(int(math.Round(t.A+t.B)), share))
	}
	return out
}

// binomial is the probability of 0 to n successes.
func binomial(n int, p float64) []float64 {
	out := make([]float64, n+1)
	whole, _ := math.Lgamma(float64(n) + 1)
	for k := range out {
		chosen, _ := math.Lgamma(float64(k) + 1)
		left, _ := math.Lgamma(float64(n-k) + 1)
		log := whole - chosen - left
		if k > 0 {
			log += float64(k) * math.Log(p)
		}
		if k < n {
			log += float64(n-k) * math.Log1p(-p)
		}
		out[k] = math.Exp(log)
	}
	return out
}

func convolve(a, b []float64) []float64 {
	out := make([]float64, len(a)+len(b)-1)
	for i, x := range a {
		for j, y := range b {
			out[i+j] += x * y
		}
	}
	return out
}

func mean(p []float64) float64 {
	sum := 0.0
	for k, x := range p {
		sum += float64(k) * x
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

// findRatio halves the logarithm of the ratio until the increasing function f
// is zero to the last digits.
func findRatio(f func(ratio float64) float64) float64 {
	lo, hi := -math.Log(ratioBound), math.Log(ratioBound)
	for range 80 {
		mid := (lo + hi) / 2
		if f(math.Exp(mid)) < 0 {
			lo = mid
		} else {
			hi = mid
		}
	}
	return math.Exp((lo + hi) / 2)
}
