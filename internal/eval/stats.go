package eval

import (
	"math"
	"math/rand/v2"
	"slices"
	"time"
)

// mean averages the values that were added; its value is NaN without any.
type mean struct {
	sum   float64
	count int
}

func (m *mean) add(x float64) {
	m.sum += x
	m.count++
}

func (m *mean) addIf(counts bool, x float64) {
	if counts {
		m.add(x)
	}
}

func (m *mean) value() Ratio {
	if m.count == 0 {
		return Ratio(math.NaN())
	}
	return Ratio(m.sum / float64(m.count))
}

func indicator(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// microsecondsAt is a quantile in whole microseconds, nil without values.
func microsecondsAt(values []time.Duration, q float64) *int64 {
	if len(values) == 0 {
		return nil
	}
	us := quantile(values, q).Microseconds()
	return &us
}

// quantile returns the smallest value that at least the share q of the values
// does not exceed (the nearest-rank definition). There must be a value.
func quantile(values []time.Duration, q float64) time.Duration {
	sorted := slices.Sorted(slices.Values(values))
	place := int(math.Ceil(q * float64(len(sorted))))
	return sorted[max(place, 1)-1]
}

// Interval is a confidence interval; both ends are NaN without cases.
type Interval struct {
	Low  Ratio `json:"low"`
	High Ratio `json:"high"`
}

const (
	// resamples is how many bootstrap samples an interval rests on: the 2.5%
	// points then lie among 50 samples, enough for two decimals.
	resamples = 2000
	// bootstrapSeed makes reports reproducible.
	bootstrapSeed = 20260101
)

// bootstrapMean is the 95% percentile interval of the mean of xs under
// resampling of cases (Efron 1979).
func bootstrapMean(xs []float64) Interval {
	if len(xs) == 0 {
		return Interval{Ratio(math.NaN()), Ratio(math.NaN())}
	}
	rng := rand.New(rand.NewPCG(bootstrapSeed, uint64(len(xs))))
	means := make([]float64, resamples)
	for i := range means {
		sum := 0.0
		for range xs {
			sum += xs[rng.IntN(len(xs))]
		}
		means[i] = sum / float64(len(xs))
	}
	slices.Sort(means)
	return Interval{Ratio(means[resamples/40]), Ratio(means[resamples-1-resamples/40])}
}

// Comparison is one ranker's hit@1 less another's on the same cases, with the
// 95% interval of the paired bootstrap and the two-sided p-value of a
// sign-flip permutation test. The test is McNemar's for plain hits and misses,
// and stays valid for the fractions that ties give.
type Comparison struct {
	Ranker     string   `json:"ranker"`
	Against    string   `json:"against"`
	Difference Ratio    `json:"difference"`
	Interval   Interval `json:"interval"`
	P          Ratio    `json:"p"`
}

// compare pairs the hits of two rankers by case.
func compare(outcomes []Outcome, ranker, against string) Comparison {
	ours, theirs := hitsByCase(outcomes, ranker), hitsByCase(outcomes, against)
	var differences []float64
	var sum mean
	for i := range min(len(ours), len(theirs)) {
		differences = append(differences, ours[i]-theirs[i])
		sum.add(ours[i] - theirs[i])
	}
	return Comparison{
		Ranker: ranker, Against: against, Difference: sum.value(),
		Interval: bootstrapMean(differences), P: signFlip(differences),
	}
}

// hitsByCase returns hit@1 of the cases with a cause, in the order of cases.
// All rankers see all cases in one order, so that equal places are pairs.
func hitsByCase(outcomes []Outcome, ranker string) []float64 {
	var hits []float64
	for i := range outcomes {
		if outcomes[i].Ranker == ranker && outcomes[i].Guilty {
			hits = append(hits, outcomes[i].Hit[1])
		}
	}
	return hits
}

// signFlip is the chance that random signs of the paired differences give a sum
// as far from zero as the one seen. One is added to both counts, so that the
// answer is never an impossible zero (Davison and Hinkley 1997, 4.3).
func signFlip(differences []float64) Ratio {
	if len(differences) == 0 {
		return Ratio(math.NaN())
	}
	observed := 0.0
	for _, d := range differences {
		observed += d
	}
	rng := rand.New(rand.NewPCG(bootstrapSeed, uint64(len(differences))))
	extreme := 0
	const rounding = 1e-9
	for range resamples {
		sum := 0.0
		for _, d := range differences {
			if rng.Uint64()&1 == 0 {
				d = -d
			}
			sum += d
		}
		if math.Abs(sum) >= math.Abs(observed)-rounding {
			extreme++
		}
	}
	return Ratio(float64(extreme+1) / float64(resamples+1))
}
