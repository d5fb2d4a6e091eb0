package stats

import "math"

// LooksPrior is the effect that Looks is sharpest for, as a risk ratio. A
// doubling is what leadership would act on; any value keeps the guarantee.
const LooksPrior = 2

// Looks widens the interval of a ratio so that it may be looked at every week
// without end: the chance that it ever excludes the truth is at most
// 1-level. The estimates must be of data that only grows, from one fixed start.
// P is the always-valid p-value of the ratio being one at this look.
//
// The interval is a normal mixture confidence sequence: H. Robbins, Statistical
// methods related to the law of the iterated logarithm, Ann. Math. Stat. 41
// (1970) 1397; as used for repeated looks by R. Johari, P. Koomen, L. Pekelis,
// D. Walsh, Always valid inference, Operations Research 70 (2022) 1806. The
// mixture's standard deviation is log(LooksPrior).
func Looks(ratio Estimate, level float64) (wide Estimate, p float64, ok bool) {
	if !(ratio.Value > 0) || math.IsInf(ratio.Value, 0) || !(ratio.SE > 0) {
		return Estimate{}, 1, false
	}
	v, tau := ratio.SE*ratio.SE, math.Log(LooksPrior)
	t := tau * tau
	half := math.Sqrt(2 * v * (v + t) / t * math.Log(math.Sqrt((v+t)/v)/(1-level)))
	log := math.Log(ratio.Value)
	likelihood := math.Sqrt(v/(v+t)) * math.Exp(t*log*log/(2*v*(v+t)))
	wide = Estimate{Value: ratio.Value, SE: ratio.SE, Interval: Interval{Lo: math.Exp(log - half), Hi: math.Exp(log + half)}}
	return wide, min(1, 1/likelihood), true
}
