package eval

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

func TestQuantileIsANearestRank(t *testing.T) {
	values := []time.Duration{5, 1, 4, 2, 3}
	for q, want := range map[float64]time.Duration{0: 1, 0.2: 1, 0.5: 3, 0.99: 5, 1: 5} {
		if got := quantile(values, q); got != want {
			t.Errorf("quantile %v is %d, want %d", q, got, want)
		}
	}
	if values[0] != 5 {
		t.Error("the input was sorted in place")
	}
	if got := microsecondsAt([]time.Duration{3 * time.Millisecond}, 0.5); got == nil || *got != 3000 {
		t.Errorf("three milliseconds are %v", got)
	}
	if got := microsecondsAt(nil, 0.5); got != nil {
		t.Errorf("of nothing the middle is %d", *got)
	}
}

func TestBootstrapCoversTheTrueShare(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	const truth, samples, size = 0.6, 200, 60
	covered := 0
	for range samples {
		xs := make([]float64, size)
		for i := range xs {
			xs[i] = indicator(rng.Float64() < truth)
		}
		ci := bootstrapMean(xs)
		covered += int(indicator(ci.Low <= truth && truth <= ci.High))
	}
	if share := float64(covered) / samples; share < 0.89 || share > 0.99 {
		t.Errorf("the 95%% interval covers the truth in %v of samples", share)
	}
}

func TestIntervalOfNothingIsUnknown(t *testing.T) {
	if ci := bootstrapMean(nil); !math.IsNaN(float64(ci.Low)) || !math.IsNaN(float64(ci.High)) {
		t.Errorf("interval %+v", ci)
	}
	if p := signFlip(nil); !math.IsNaN(float64(p)) {
		t.Errorf("p %v", p)
	}
}

func TestSignFlipAgreesWithExactMcNemar(t *testing.T) {
	differences := make([]float64, 40)
	for i := range differences {
		switch {
		case i < 9:
			differences[i] = 1
		case i < 11:
			differences[i] = -1
		}
	}
	// Two-sided exact binomial test of 2 against 9: 2*(1+11+55)/2^11.
	const exact = 2 * 67.0 / 2048
	if p := float64(signFlip(differences)); math.Abs(p-exact) > 0.015 {
		t.Errorf("p is %v, exactly %v", p, exact)
	}
}

func TestSignFlipKeepsItsLevelUnderTheNull(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	const trials = 200
	rejected := 0
	for range trials {
		differences := make([]float64, 50)
		for i := range differences {
			differences[i] = float64(rng.IntN(3) - 1)
		}
		rejected += int(indicator(signFlip(differences) < 0.05))
	}
	if share := float64(rejected) / trials; share > 0.09 {
		t.Errorf("a true null is rejected in %v of trials", share)
	}
}

func TestComparisonPairsCasesAndIsReproducible(t *testing.T) {
	var outcomes []Outcome
	for i := range 30 {
		good := Outcome{Ranker: "good", Guilty: true}
		good.Hit[1] = indicator(i%3 != 0)
		poor := Outcome{Ranker: "poor", Guilty: true}
		poor.Hit[1] = indicator(i%3 == 1)
		outcomes = append(outcomes, good, poor, Outcome{Ranker: "good"}, Outcome{Ranker: "poor"})
	}
	c := compare(outcomes, "good", "poor")
	if math.Abs(float64(c.Difference)-1.0/3) > 1e-12 || c.Interval.Low <= 0 || c.P > 0.01 {
		t.Errorf("comparison %+v", c)
	}
	if again := compare(outcomes, "good", "poor"); again != c {
		t.Errorf("the second time it is %+v", again)
	}
}
