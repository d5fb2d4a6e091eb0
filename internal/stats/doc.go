// Package stats holds the statistics behind the figures for leadership as pure
// functions: rates and differences with score intervals, crude and stratified
// risk ratios, tests, an exact answer for few events, the correction for wrong
// labels, intervals that stay valid however often one looks, and measures of
// our own accuracy. It knows no change and no incident, only counts.
//
// Each function names the publication that its formula is from. A function that
// has no answer for its input (nothing counted, no events) says so with its
// second result instead of returning a number that means nothing.
package stats

import "math"

// Interval is a closed interval.
type Interval struct {
	Lo float64
	Hi float64
}

// Contains reports whether the interval covers a value.
func (i Interval) Contains(v float64) bool { return i.Lo <= v && v <= i.Hi }

// Estimate is a number with its interval.
type Estimate struct {
	Value float64
	Interval
	// SE is the standard error on the scale on which the interval is symmetric:
	// that of the logarithm for ratios, zero where the interval is exact.
	SE float64
}

// quantile is the quantile of the standard normal distribution.
func quantile(p float64) float64 { return math.Sqrt2 * math.Erfinv(2*p-1) }

// twoSided is the normal quantile of a two-sided interval of a level such as
// 0.95.
func twoSided(level float64) float64 { return quantile(1 - (1-level)/2) }

// logEstimate turns an estimate on the logarithmic scale into a ratio.
func logEstimate(log, se, z float64) Estimate {
	return Estimate{
		Value: math.Exp(log), SE: se,
		Interval: Interval{Lo: math.Exp(log - z*se), Hi: math.Exp(log + z*se)},
	}
}
