package stats

import "math/rand/v2"

// Excess is how often something was seen, against how often chance alone would
// have shown it.
type Excess struct {
	Observed float64
	// Expected is the mean over the shifts, High their 97.5th percentile.
	Expected, High float64
	// P is the share of shifts with at least as many, the real one counted.
	P      float64
	Shifts int
}

// OverChance compares a count with the same count after all incidents have been
// moved round the period by one random step, which keeps their spacing and the
// rhythm of the changes and breaks the tie between the two. Count is given the
// step as a share of the period, 0 for none. The same seed gives the same
// answer.
//
// Shifting one of two series against the other, here round a circle, is a randomisation test:
// P. Good, Permutation, Parametric and Bootstrap Tests of Hypotheses (2005),
// chapter 3; p-value with the observed value counted: B. V. North, D. Curtis,
// P. C. Sham, Am. J. Human Genetics 71 (2002) 439.
func OverChance(count func(step float64) float64, shifts int, seed uint64) Excess {
	out := Excess{Observed: count(0), Shifts: shifts, P: 1}
	if shifts <= 0 {
		return out
	}
	random := rand.New(rand.NewPCG(seed, uint64(shifts)))
	counts := make([]float64, shifts)
	reached := 1.0
	for i := range counts {
		// A step near zero is no shift at all.
		counts[i] = count(minStep + (1-2*minStep)*random.Float64())
		out.Expected += counts[i] / float64(shifts)
		if counts[i] >= out.Observed {
			reached++
		}
	}
	out.P = reached / float64(shifts+1)
	out.High = percentile(counts, 0.975)
	return out
}

// minStep is the smallest step, as a share of the period.
const minStep = 0.02
